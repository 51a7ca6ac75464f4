/** Says that the incident's record is not here, why, and how to ask for it again. */
import { loadDetail } from "../../state/actions.ts";

export function RecordFailed({ what, error, incident }: { what: string; error: string; incident: string }) {
  return (
    <p class="clip-note">
      The {what} could not be fetched: {error}.{" "}
      <button type="button" onClick={() => void loadDetail(incident)}>
        Try again
      </button>
    </p>
  );
}
