/** Review of possible matches in a real browser: a queue of its own, two acts for every verdict, and words that never say more than is known. */
import * as assert from "uvu/assert";
import { consoleSuite } from "./fixtures/console-suite.ts";
import { emptyField } from "./fixtures/fake-field.ts";
import { facesOf, listsOf, matchOf } from "./fixtures/field-samples.ts";
import { onPage } from "./fixtures/page.ts";

const desks = consoleSuite("console matches", { map: false });

const reviewed = () => ({
  ...emptyField(),
  faces: facesOf(),
  lists: listsOf(),
  matches: [
    matchOf("m1"),
    matchOf("m2", { person: "person-03", hasProbe: false, seenUntil: new Date(Date.now() - 200_000).toISOString() }),
    matchOf("m0", {
      status: "rejected",
      verdict: { status: "rejected", by: "maria", at: new Date().toISOString(), reason: "Different age" },
    }),
  ],
});
const verdicts = (field: ReturnType<typeof reviewed>) =>
  field.received
    .filter(({ path }) => path.endsWith("/verdict"))
    .map(({ path, body }) => ({ path, ...(body as object) }));

desks(
  "a match is judged by two acts; what is shown says how alike, how often wrong, and never that it is somebody",
  async ({ browser, folder }) => {
    const field = reviewed();
    await onPage(browser, folder, { field, roles: ["reviewer", "admin"] }, async (page, gateway) => {
      await page.getByRole("button", { name: "Matches 2" }).click();
      await page.locator(".match-row").first().waitFor();
      assert.is(await page.locator(".match-row").count(), 2, "those that wait");
      assert.equal(
        field.received.map(({ path }) => path),
        [],
        "no match was looked at before one was chosen",
      );
      await page.locator(".match-counts", { hasText: "25 of 29 judged (71 % to 94 %)" }).waitFor();
      await page.locator(".match-counts", { hasText: "25 of 48,210 faces (0.04 % to 0.07 %)" }).waitFor();
      await page.locator(".match-counts", { hasText: "not measured" }).waitFor();
      await page.locator(".match-list.is-inForce", { hasText: "Missing Persons Act s. 12, order 4471/26" }).waitFor();
      await page.locator(".match-list.is-inForce", { hasText: "ends in 12 days" }).waitFor();

      await page.keyboard.press("j");
      await page.locator(".face img").nth(1).waitFor();
      await page.getByText("about 16,000 times likelier if it is one person").waitFor();
      await page.getByText("up to 1.4 % of cases").waitFor();
      await page.locator(".match-history", { hasText: "maria: Different age" }).waitFor();
      assert.not.match(await page.locator("body").innerText(), /identif/i);

      await page.keyboard.press("c");
      await page.getByText(/Nobody is sent by itself/).waitFor();
      await page.keyboard.press("c");
      await page.keyboard.press("Enter");
      await page.keyboard.press("Escape");
      await page.locator(".reasons").waitFor({ state: "detached" });
      await page.keyboard.press("1");
      assert.equal(verdicts(field), [], "neither the same key again, nor Enter, nor Esc is the second act");
      assert.equal(gateway.verdicts, [], "no key of the matches reaches an incident that is not on screen");

      await page.getByRole("button", { name: "This is not them" }).click();
      await page.keyboard.press("1");
      await page.locator(".standing", { hasText: "Not them · jd" }).waitFor();
      await page.locator(".match-row").nth(1).waitFor({ state: "detached" });
      await page.locator(".match-row").first().click();
      await page.getByText("The picture was deleted: it is past its time.").waitFor();
      await page.keyboard.press("e");
      await page.keyboard.press("1");
      await page.locator(".standing", { hasText: "Escalated" }).waitFor();
      assert.equal(verdicts(field), [
        { path: "/faces/matches/m1/verdict", status: "rejected", reason: "Different features", version: 1 },
        {
          path: "/faces/matches/m2/verdict",
          status: "escalated",
          reason: "Cannot decide: needs a second opinion",
          version: 1,
        },
      ]);
      await page.getByText("No possible match waits.").waitFor();

      await page.getByRole("button", { name: "Revoke …" }).click();
      await page.getByText("It is deleted on every device within a minute of its next contact").waitFor();
      await page.getByLabel("The authority's signed revocation").fill("a.b.c");
      await page.getByRole("button", { name: "Revoke missing-2026-11" }).click();
      await page.locator(".match-list.is-inForce").waitFor({ state: "detached" });
    });
  },
);

desks.run();
