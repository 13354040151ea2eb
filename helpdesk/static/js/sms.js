// SMS arithmetic as in helpdesk/channels/sms.py: encoding, units, parts of a text, and the characters that make it dear.
const BASIC = new Set("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà");
const EXTENDED = new Set("^{}\\[~]|€\f");

export function measure(text) {
  const offenders = new Set();
  let units = 0;
  for (const char of text) {
    if (BASIC.has(char)) units += 1;
    else if (EXTENDED.has(char)) units += 2;
    else offenders.add(char);
  }
  const found = offenders.size ? size(text.length, 70, 67, "UCS-2") : size(units, 160, 153, "GSM-7");
  return { ...found, offenders: [...offenders] };
}

function size(units, single, joined, encoding) {
  const parts = units <= single ? 1 : Math.ceil(units / joined);
  return { encoding, units, parts, room: parts === 1 ? single : parts * joined };
}
