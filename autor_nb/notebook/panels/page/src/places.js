/** Where a run's files can be opened: addresses of JupyterLab and Notebook, when the run lies under the server's folder. */

/** @typedef {{base: string, root: string, notebook: boolean}} Server */

/** What the page says of its server, or null where there is none (VS Code, Colab). @returns {Server|null} */
export const readServer = (doc = document) => {
  try {
    const config = JSON.parse(doc.getElementById("jupyter-config-data")?.textContent || "null");
    if (!config || typeof config.baseUrl !== "string" || typeof config.serverRoot !== "string") return null;
    const notebook = /notebook/i.test(config.appName || "") || "notebookPage" in config;
    return { base: config.baseUrl.replace(/\/*$/, "/"), root: config.serverRoot.replace(/\\/g, "/").replace(/\/+$/, ""), notebook };
  } catch {
    return null;
  }
};

/** The path below the server's root, or null. @param {string} root @param {string} path */
export const below = (root, path) => {
  const full = path.replace(/\\/g, "/");
  let base = root;
  if (root === "~" || root.startsWith("~/")) {
    const home = /^(\/root|\/(?:home|Users)\/[^/]+|[A-Za-z]:\/Users\/[^/]+)(?=\/|$)/.exec(full);
    if (!home) return null;
    base = home[1] + root.slice(1);
  }
  if (!full.startsWith(`${base}/`)) return null;
  const rest = full.slice(base.length + 1);
  return rest.split("/").some((part) => part.startsWith(".") || part === "") ? null : rest;
};

/** The full path of a file that a document names. @param {string} folder @param {string} path */
export const fullPath = (folder, path) => {
  if (/^([A-Za-z]:)?[\\/]/.test(path)) return path;
  return path.startsWith("stages/") ? `${folder}/${path}` : `${folder}/workspace/${path}`;
};

/**
 * How to open a file from this page, or null when the server cannot reach it.
 * @param {Server|null} server @param {string} full @returns {{href: string, command: string, args: string}|null}
 */
export const place = (server, full) => {
  const rest = server && below(server.root, full);
  if (!server || !rest) return null;
  const encoded = rest.split("/").map(encodeURIComponent).join("/");
  const tree = server.notebook ? (rest.endsWith(".ipynb") ? "notebooks/" : "edit/") : "lab/tree/";
  return { href: `${server.base}${tree}${encoded}`, command: "docmanager:open", args: JSON.stringify({ path: rest }) };
};

/** Put text on the clipboard; says whether it is there. @param {string} text @returns {Promise<boolean>} */
export const copyText = async (text) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea"); // the only way on a page that came over plain HTTP
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
};
