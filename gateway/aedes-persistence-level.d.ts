declare module "aedes-persistence-level" {
  /** @param db a level database with `valueEncoding: "buffer"`. @returns what aedes takes as `persistence`. */
  export default function levelPersistence(db: unknown): unknown;
}
