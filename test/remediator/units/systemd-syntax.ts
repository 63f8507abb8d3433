// systemd's own reading of a quoted list, after its documentation: systemd.syntax(7), systemd.unit(5) and systemd.service(5).

/** @returns the items as systemd takes them; throws where systemd would refuse the line. */
export function readItems(text: string): string[] {
  const items: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === " ") at += 1;
    else if (text[at] === '"') {
      const [item, end] = quotedItem(text, at + 1);
      items.push(item);
      at = end;
    } else throw new Error(`not quoted at ${at}: ${text}`);
  }
  return items;
}

function quotedItem(text: string, from: number): [string, number] {
  let item = "";
  for (let at = from; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === '"') {
      if (at + 1 < text.length && text[at + 1] !== " ") throw new Error("something behind a closing quote");
      return [item, at + 1];
    }
    if (char === "\\") {
      const hex = /^x([0-9a-f]{2})/.exec(text.slice(at + 1));
      if (hex?.[1] !== undefined) {
        item += String.fromCharCode(Number.parseInt(hex[1], 16));
        at += 3;
      } else if (text[at + 1] === "\\" || text[at + 1] === '"') {
        item += text[at + 1];
        at += 1;
      } else throw new Error(`an escape that is none: ${text.slice(at, at + 4)}`);
    } else if (char === "%") {
      if (text[at + 1] !== "%") throw new Error(`a specifier: ${text.slice(at, at + 2)}`);
      item += "%";
      at += 1;
    } else if (char < " ") throw new Error("a control character");
    else item += char;
  }
  throw new Error("no closing quote");
}
