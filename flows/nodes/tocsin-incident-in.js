// Node-RED looks for a node's page beside its file by putting .html in place of .js; of a .ts it would serve the source as the page.
export { default } from "./tocsin-incident-in.ts";
