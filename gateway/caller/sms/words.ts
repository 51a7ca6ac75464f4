/** The text message that carries a link. One SMS has 160 characters of GSM 03.38, or 70 where the alphabet needs UCS-2: the words are short. */
import type { Language } from "#contract/caller.ts";

const texts: Record<Language, (agency: string, url: string, minutes: number) => string> = {
  en: (agency, url, minutes) =>
    `${agency}: tap to show us where you are. Sound and picture only if you allow. Valid ${minutes} min. ${url}`,
  ko: (agency, url, minutes) => `${agency}: 눌러서 위치·영상을 보여 주세요. ${minutes}분간 유효. ${url}`,
  es: (agency, url, minutes) =>
    `${agency}: toque para mostrar su lugar. Imagen y voz solo si lo permite. Valido ${minutes} min. ${url}`,
  de: (agency, url, minutes) =>
    `${agency}: Tippen Sie, damit wir Sie finden. Bild und Ton nur, wenn Sie es erlauben. ${minutes} min. ${url}`,
  fr: (agency, url, minutes) =>
    `${agency} : touchez pour nous montrer où vous êtes. Image et son si vous l'acceptez. ${minutes} min. ${url}`,
  zh: (agency, url, minutes) => `${agency}：点击让我们看到您的位置，影像和声音须您同意。${minutes}分钟内有效。${url}`,
  ar: (agency, url, minutes) =>
    `${agency}: اضغط لنعرف مكانك. الصورة والصوت بموافقتك فقط. صالح ${minutes} دقيقة. ${url}`,
};

export function smsText(language: Language, agency: string, url: string, minutes: number): string {
  return texts[language](agency, url, minutes);
}

/** The last digits: enough for the operator to check, too little to call. */
export function maskedNumber(number: string): string {
  return `…${number.slice(-3)}`;
}
