/** Builds src/main.js into panel.js and src/loop/main.js into loop.js, and their sheets: minified, the same bytes from the same sources. */
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Names of our own that no document, message or browser object carries: they are shortened. */
const OWN = ("pin room source update uid shelf view link held kids props following filtered paused feedOpen removing exported moreFiles allFiles openFiles "
  + "fullText heights chip touched fresh planned listWindow closed onView choiceOf timers chores chooseAgain whole "
  + "toast later soon say reveal showDecisions exportRun openSheet lookedAttempt isWorkingShown isCurrent "
  + "isInReview isAway nameOf shownStage openCompare closeCompare takeFeed takeView cameBack settled settling compareWith "
  + "dismiss shelves turn spot cls named fill describedby expanded primary shownFeed feedOf openFeed addToFeedback choose busy "
  + "ticket gone phase choice sheet earlier shown loading feeds skew setSkew memo draw paint server newer tail hold "
  + "follow older begin byReader atEnd measure restore forget anchor after menu drafts flip texts barred attemptData says glyph does seek goTo pair waiving editing lookups begun fault version timer node fetch put box close tick take ask drop "
  + "unsent works clock last first ago made still of show showStage tall moveTo owner looks heard heardAt grace ticked pinged nextId post greet forgive lose alive settle hear giveUp "
  + "onVisible receive decide").split(" ");

/** @param {string} outfile */
export async function bundle(outfile) {
  await build({
    entryPoints: [here("src/main.js")], outfile, bundle: true, format: "esm", minify: true, target: "es2022", charset: "utf8", legalComments: "none", mangleProps: new RegExp(`^(${OWN.join("|")})$`),
    absWorkingDir: here("."), logLevel: "warning", banner: { js: "/* Built from src/. */" },
  });
}

/** Rules that begin with `.autor ` stand together inside one `.autor`: the same rules in fewer bytes. @param {string} css minified */
export const nested = (css) => {
  let out = "", open = false;
  for (let at = 0; at < css.length;) {
    const brace = css.indexOf("{", at);
    if (brace < 0) return out + (open ? "}" : "") + css.slice(at);
    let end = brace + 1;
    for (let depth = 1; depth; end += 1) depth += css[end] === "{" ? 1 : css[end] === "}" ? -1 : 0;
    const head = css.slice(at, brace), inner = css.slice(brace + 1, end - 1);
    const inside = /^@(media|container|supports)/.test(head);
    const ours = !/^@|\(/.test(head) && head.split(",").every((one) => /^\.autor (?![>+~])/.test(one));
    if (ours !== open) out += ours ? ".autor{" : "}";
    open = ours;
    out += ours ? `${head.split(",").map((one) => one.slice(7)).join(",")}{${inner}}` : `${head}{${inside ? nested(inner) : inner}}`;
    at = end;
  }
  return out + (open ? "}" : "");
};

/** The page's side of a live figure. @param {string} outfile */
export async function figure(outfile) {
  await build({ entryPoints: [here("../../../figures/live.js")], outfile, minify: true, format: "esm", target: "es2022", charset: "utf8", logLevel: "warning", banner: { js: "/* Built from live.js. */" } });
}

/** @param {string} outfile */
export async function sheet(outfile) {
  await build({ entryPoints: [here("src/panel.css")], outfile, minify: true, target: "esnext", charset: "utf8", legalComments: "none", absWorkingDir: here("."), logLevel: "warning",
  });
  const css = (await readFile(outfile, "utf8")).trim();
  await writeFile(outfile, `/* Built from src/panel.css by \`npm run build\`; edit there. */\n${nested(css)}\n`);
}

/** The loop's module: a bundle of its own, no name shortened. @param {string} outfile */
export async function loopBundle(outfile) {
  await build({
    entryPoints: [here("src/loop/main.js")], outfile, bundle: true, format: "esm", minify: true, target: "es2022", charset: "utf8", legalComments: "none",
    absWorkingDir: here("."), logLevel: "warning", banner: { js: "/* Built from src/loop/. */" },
  });
}

/** What the loop's panel adds to panel.css. @param {string} outfile */
export async function loopSheet(outfile) {
  await build({ entryPoints: [here("src/loop/loop.css")], outfile, minify: true, target: "esnext", charset: "utf8", legalComments: "none", absWorkingDir: here("."), logLevel: "warning",
    banner: { css: "/* Built from src/loop/loop.css by `npm run build`; edit there. */" } });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await bundle(here("panel.js"));
  await sheet(here("panel.css"));
  await figure(here("../../../figures/live.min.js"));
  await loopBundle(here("loop.js"));
  await loopSheet(here("loop.css"));
}
