/** 24-hour local time of the site, with its zone. Formatters are made once per zone: making one costs about a millisecond. */

export interface LocalTime {
  /** `18:04:31` */
  clock(utc: string | number): string;
  /** `18:04:31.123` */
  precise(utc: string | number): string;
  /** `22 Nov` */
  day(utc: string | number): string;
  /** `EST`, `GMT+2` */
  zone(utc: string | number): string;
}

/** Falls back to UTC where the zone is not known to this browser. */
export function localTime(timeZone: string): LocalTime {
  let zone = timeZone;
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone });
  } catch {
    zone = "UTC";
  }
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium", hourCycle: "h23" });
  const day = new Intl.DateTimeFormat("en-GB", { timeZone: zone, day: "numeric", month: "short" });
  const named = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "short" });
  const date = (utc: string | number) => new Date(typeof utc === "number" ? utc : Date.parse(utc));
  return {
    clock: (utc) => clock.format(date(utc)),
    precise: (utc) => {
      const at = date(utc);
      return `${clock.format(at)}.${String(at.getUTCMilliseconds()).padStart(3, "0")}`;
    },
    day: (utc) => day.format(date(utc)),
    zone: (utc) => named.formatToParts(date(utc)).find((part) => part.type === "timeZoneName")?.value ?? zone,
  };
}
