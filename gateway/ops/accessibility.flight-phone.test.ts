/** What axe-core finds in the drone's part of the console on a phone, light and dark: nothing. */
import { flightIsAccessible } from "./fixtures/flight-accessibility.ts";
import { phone } from "./fixtures/page.ts";

flightIsAccessible(phone).run();
