/** The role `look`: which configurations are refused, that pictures are overwritten, and people and vehicles as directions. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as v from "valibot";
import { withDevice } from "./look/testing.ts";
import { LookConfig } from "./look.ts";

test("recorded pictures are not searched: a configuration with faces and a file is refused, one with a file alone is not", () => {
  const camera = { source: { kind: "file", path: "film.mkv" } };
  const refused = v.safeParse(LookConfig, { camera, faces: { keysFile: "k" } });
  assert.match(refused.issues?.[0].message ?? "", "recorded pictures are never searched for faces");
  assert.ok(v.safeParse(LookConfig, { camera }).success);
  assert.ok(v.safeParse(LookConfig, { camera: { source: { kind: "v4l2" } }, faces: { keysFile: "k" } }).success);
});

test("a camera's address with an account in it is refused and says where the account goes; with a file of its password it is taken", () => {
  const parse = (url: string, account = {}) =>
    v.safeParse(LookConfig, { camera: { source: { kind: "rtsp", url, ...account } } });
  const refused = parse("rtsp://ann:secret@192.0.2.10/s");
  assert.match(
    refused.issues?.[0].message ?? "",
    "must not carry a password; put the account into username and passwordFile",
  );
  assert.not.match(JSON.stringify(refused.issues?.map(({ message }) => message)), "secret");
  const account = { username: "ann", passwordFile: "/etc/tocsin/camera.password" };
  assert.ok(parse("rtsp://192.0.2.10/s", account).success);
});

test("every picture is black when the role is done with it", async () => {
  await withDevice({ faces: false }, async (made) => {
    const rgb = await made.show(200);
    assert.ok(rgb.every((each) => each === 0));
  });
});

test("people and vehicles are said as directions without identity, with where they stand and whether they lie", async () => {
  const person = { kind: "person", score: 0.8, x: 75, y: 20, widthPx: 10, heightPx: 60, fallen: 0.9 } as const;
  const bus = { kind: "vehicle", score: 0.7, x: 0, y: 40, widthPx: 60, heightPx: 60 } as const;
  await withDevice({ faces: false, things: { look: async () => [person, bus] } }, async (made) => {
    await made.show(1);
    await made.show(1);
    const [first, second] = made.looks;
    assert.equal(first?.sees, ["person", "vehicle"]);
    const [man, vehicle] = first!.observations;
    // 30 px right of the middle with 86.6 px of focal length.
    assert.ok(Math.abs(man!.azimuthDeg - 19.11) < 0.01);
    assert.ok(Math.abs(man!.elevationDeg! + 18.1) < 0.1, String(man!.elevationDeg));
    assert.equal(man!.marks, { fallen: 0.9 });
    assert.is(vehicle!.elevationDeg, undefined, "cut off by the picture's lower edge");
    assert.is(second!.observations[0]!.trackHint, man!.trackHint);
  });
});

test.run();
