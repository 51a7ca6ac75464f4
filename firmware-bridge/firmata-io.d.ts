/** firmata-io 2.3 has no types of its own: the part that we use. */
declare module "firmata-io" {
  const firmataIo: {
    Firmata: new (transport: unknown, options?: { reportVersionTimeout?: number }) => unknown;
  };
  export default firmataIo;
}
