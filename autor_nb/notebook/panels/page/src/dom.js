/**
 * Builds and updates a piece of page from plain descriptions; text is only ever written as text.
 * Nodes stay where they are between updates, so that focus, selection, scroll and open folds survive.
 */

/** @typedef {{tag: string, pin: (string|number|undefined), props: Record<string, any>, kids: Vnode[], text?: string}} Vnode */

const LIVE = Symbol();
const HEARD = Symbol();

/**
 * Describe an element.
 * @param {string} tag
 * @param {Record<string, any>|null} [props] attributes; `on…` functions listen; `init(node)` runs once; `raw` is a ready node
 * @param {...any} kids texts, numbers, descriptions, lists of them; null and false are left out
 * @returns {Vnode}
 */
export const h = (tag, props, ...kids) => {
  return { tag, pin: props?.pin, props: props || {}, kids: flatten(kids, []) };
};

/**
 * A maker of one kind of element: class first, then attributes if there are any, then what stands in it.
 * @param {string} tag @returns {(cls?: string|null, ...rest: any[]) => Vnode}
 */
const maker = (tag) => (cls, ...rest) => {
  const first = rest[0];
  const given = first && typeof first === "object" && !Array.isArray(first) && !first.tag;
  return h(tag, { ...USUAL[tag], ...(cls ? { class: cls } : null), ...(given ? rest.shift() : null) }, ...rest);
};

/** What keeps JupyterLab's shortcuts from firing while somebody types. */
const TYPED = { "data-lm-suppress-shortcuts": "true" };
/** @type {Record<string, object>} */
const USUAL = { button: { type: "button" }, input: TYPED, select: TYPED, textarea: TYPED };

export const [
  A, Article, Aside, B, Button, Code, Dd, Details, Div, Dl, Dt, Fieldset, Footer, H2, H3, H4, Header, I, Img, Input, Label,
  Legend, Li, Ol, Option, P, Pre, Q, Section, Select, Small, Span, Summary, Table, Tbody, Td, Textarea, Th,
  Thead, Time, Tr, U, Ul,
] = ("a article aside b button code dd details div dl dt fieldset footer h2 h3 h4 header i img input label legend li ol "
  + "option p pre q section select small span summary table tbody td textarea th thead time tr u ul").split(" ").map(maker);

/** @param {any[]} kids @param {Vnode[]} into */
const flatten = (kids, into) => {
  for (const kid of kids) {
    if (Array.isArray(kid)) flatten(kid, into);
    else if (kid === null || kid === "" || /^[ub]/.test(typeof kid)) continue;
    else if (typeof kid === "object") into.push(kid);
    else into.push({ tag: "#text", pin: undefined, props: {}, kids: [], text: String(kid) });
  }
  return into;
};

/** @param {Event} event */
const hear = (event) => {
  /** @type {any} */ (event.currentTarget)[HEARD]?.[event.type]?.(event);
};

/** `$label` stands for `aria-label`: there a false is a word, and only nothing is nothing. @param {any} node @param {string} name @param {any} value */
const setAria = (node, name, value) => {
  if (value === null || value === undefined || value === "") node.removeAttribute(`aria-${name}`);
  else node.setAttribute(`aria-${name}`, value);
};

/** @param {any} node @param {string} name @param {any} value @param {any} before */
const setProp = (node, name, value, before) => {
  if (name === /* @__KEY__ */ "pin" || name === "init" || name === "raw" || value === before) return;
  if (name[0] === "$") setAria(node, name.slice(1), value);
  else if (name.startsWith("on")) {
    const type = name.slice(2);
    node[HEARD] ||= {};
    if (!(type in node[HEARD])) node.addEventListener(type, hear);
    node[HEARD][type] = value || null;
  } else if (name === "style") node.style.cssText = value || "";
  else if (name === "value" || name === "checked" || name === "open") {
    if (node[name] !== value) node[name] = value ?? "";
  } else if (value === null || value === undefined || value === false) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
};

/** @param {Vnode} v */
const create = (v) => {
  if (v.tag === "#text") return { v, node: document.createTextNode(v.text || "") };
  const node = document.createElement(v.tag);
  if (v.props.raw) node.appendChild(v.props.raw);
  else patch(node, v.kids);
  for (const name in v.props) setProp(node, name, v.props[name], undefined);
  v.props.init?.(node);
  return { v, node };
};

/** @param {{v: Vnode, node: any}} live @param {Vnode} v */
const update = (live, v) => {
  const was = live.v;
  if (was === v) return live;
  live.v = v;
  if (v.tag === "#text") {
    if (was.text !== v.text) live.node.data = v.text;
    return live;
  }
  for (const name in was.props) if (!(name in v.props)) setProp(live.node, name, undefined, was.props[name]);
  if (v.props.raw) {
    if (v.props.raw !== was.props.raw) live.node.replaceChildren(v.props.raw);
  } else patch(live.node, v.kids);
  for (const name in v.props) setProp(live.node, name, v.props[name], was.props[name]);
  return live;
};

/**
 * Make the children of `host` what `next` describes, touching only what differs.
 * @param {any} host @param {Vnode[]} next
 */
export const patch = (host, next) => {
  /** @type {{v: Vnode, node: any}[]} */
  const before = host[LIVE] || [];
  const keyed = new Map();
  const loose = [];
  for (const live of before) {
    if (live.v.pin === undefined) loose.push(live);
    else keyed.set(live.v.pin, live);
  }
  const after = next.map((v) => {
    let live;
    if (v.pin !== undefined) {
      live = keyed.get(v.pin);
      if (live && live.v.tag === v.tag) keyed.delete(v.pin);
      else live = undefined;
    } else {
      const at = loose.findIndex((one) => one.v.tag === v.tag);
      if (at >= 0) live = loose.splice(at, 1)[0];
    }
    return live ? update(live, v) : create(v);
  });
  for (const live of keyed.values()) live.node.remove();
  for (const live of loose) live.node.remove();
  let at = host.firstChild;
  for (const live of after) {
    if (live.node === at) at = at.nextSibling;
    else host.insertBefore(live.node, at);
  }
  host[LIVE] = after;
};
