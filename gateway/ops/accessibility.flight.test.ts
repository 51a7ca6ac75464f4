/** What axe-core finds in the drone's part of the console at a desk, light and dark: nothing. */
import { flightIsAccessible } from "./fixtures/flight-accessibility.ts";
import { desk } from "./fixtures/page.ts";

flightIsAccessible(desk).run();
