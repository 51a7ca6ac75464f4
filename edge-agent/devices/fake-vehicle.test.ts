import { fakeVehicle } from "./fake-vehicle.ts";
import { vehicleBehaves } from "./vehicle.suite.ts";

vehicleBehaves("fake", async () => {
  const home = { lat: 52.1, lon: 5.1, absAltM: 12 };
  const { vehicle, world } = fakeVehicle({ home, speed: 10 });
  return {
    vehicle,
    home,
    pilotMode: (mode) => world.pilotMode(mode),
    pilotSticks: () => world.pilotSticks(0.2),
    linkDown: () => world.setLink("lost"),
    linkUp: () => world.setLink("up"),
    hearTraffic: (traffic) => world.hearTraffic({ ...traffic, ageS: 0 }),
    truth: () => vehicle.state.position!,
    stop: () => vehicle.close(),
  };
}).run();
