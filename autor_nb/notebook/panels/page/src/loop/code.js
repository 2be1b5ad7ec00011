/** Words of a line of code, told apart by plain rules that hold for most languages; what is not sure stays plain. */
import { Span } from "../dom.js";

const KEYWORDS = new Set(("and as assert async await break case catch class const continue def del do elif else except export extends finally fn for from func function "
  + "global if impl import in is lambda let match mut new nonlocal not or pass pub raise return self static struct super switch this throw try type var while with yield "
  + "None True False null true false undefined").split(" "));
/** A comment to the line's end, a string, a number, a word; each alternative moves on, none can turn back far. */
const PARTS = /(#(?![0-9a-fA-F]{3,8}\b).*|\/\/.*)|("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`(?:[^`\\]|\\.)*`?)|(\b\d[\w.]*(?:(?<=\de)[+-]\d+)?)|([A-Za-z_]\w*)/g;

/** @param {string} text one line @returns {any[]} texts and spans, the same characters in the same order */
export const code = (text) => {
  const out = [];
  let at = 0;
  for (const found of text.matchAll(PARTS)) {
    const [whole, comment, string, number, word] = found;
    const cls = comment ? "c-c" : string ? "c-s" : number ? "c-n" : KEYWORDS.has(word) ? "c-k" : "";
    if (!cls) continue;
    if (found.index > at) out.push(text.slice(at, found.index));
    out.push(Span(cls, { pin: `c${found.index}` }, whole));
    at = found.index + whole.length;
  }
  return at < text.length ? [...out, text.slice(at)] : out;
};
