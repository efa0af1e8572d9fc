// Drives the console in a browser. The first line of the input says what is to be tried, as JSON; whoever runs this is
// told `ready` at places where something has to happen outside, and answers with a line. The last line is what was seen.
"use strict";
const fs = require("fs");
const readline = require("readline");
const { chromium } = require("playwright-core");

const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const outside = async (word) => {
  process.stdout.write(`ready ${word}\n`);
  return (await lines.next()).value;
};

// A page of somebody who is signed in, and everything that it complains of or asks others for.
async function open(browser, link, options = {}) {
  // What fades in has not its colours yet when it is looked at.
  const context = await browser.newContext({ reducedMotion: "reduce", locale: "en-US", ...options });
  const page = await context.newPage();
  const origin = new URL(link).origin;
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(origin)) complaints.push(`elsewhere: ${request.url()}`);
  });
  await page.goto(link);
  // In whatever language.
  await page.locator("main form[action='/in'] button").click();
  await page.waitForURL(/\/(bench|jobs)$/);
  return { context, page, origin, complaints };
}

const VIEWS = [
  { name: "light", width: 1280, media: { colorScheme: "light" } },
  { name: "dark", width: 1280, media: { colorScheme: "dark" } },
  { name: "forced colours", width: 1280, media: { forcedColors: "active" } },
  { name: "phone", width: 320, media: { colorScheme: "light", forcedColors: "none" } },
  { name: "large text", width: 1280, text: "200%", media: { colorScheme: "light" } },
];

// What axe finds in every view of a page, and where it is wider than the window.
async function look(page, path) {
  const found = [];
  await page.evaluate(AXE);
  for (const { name, width, text, media } of VIEWS) {
    await page.emulateMedia({ colorScheme: null, forcedColors: null, ...media });
    await page.setViewportSize({ width, height: 800 });
    await page.evaluate((size) => {
      document.documentElement.style.fontSize = size;
    }, text || "");
    const seen = await page.evaluate((rules) => axe.run({ runOnly: rules }), RULES);
    for (const { id, nodes } of seen.violations) found.push(`${path}, ${name}: ${id}: ${nodes[0].html}`);
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) {
      found.push(`${path}, ${name}: wider than the window`);
    }
  }
  return found;
}

// What of a page is in no catalogue: letters without accents, on a page in the language that nobody reads. Names, codes and
// what says that it is English are; so are words of a value that the catalogue was told, between marks.
const untranslated = () => {
  const said = "code, kbd, bdi, script, style, textarea, [translate=no], html [lang]";
  const found = [];
  const look = (text, where) => {
    const rest = text.replace(/‹[^›]*›/g, "").replace(/\b[0-9A-Z]{5}\b/g, "");
    if (/[A-Za-z]{3}/.test(rest)) found.push(`not translated: ${where}: ${rest.trim().slice(0, 80)}`);
  };
  const walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement;
    const isWord = element.matches("option") && element.value === element.textContent;
    if (!element.closest(said) && !isWord) look(element.matches("title") ? node.data.replace("Longshore", "") : node.data, element.tagName);
  }
  for (const name of ["aria-label", "placeholder", "title", "alt", "data-says", "data-title", "data-silent"]) {
    for (const element of document.querySelectorAll(`[${name}]`)) {
      if (!element.closest(said)) look(element.getAttribute(name).replace(/\{\w+\}/g, ""), name);
    }
  }
  return found;
};

// What has no room: texts that are cut off, and controls that lie over each other.
const cramped = () => {
  const found = [];
  if (document.documentElement.scrollWidth > innerWidth) found.push("wider than the window");
  const isShown = (element) => element.checkVisibility() && !element.closest(".wide, .skip");
  const all = (selector) => [...document.querySelectorAll(selector)].filter(isShown);
  for (const element of all("button, .button, summary, nav a, label, legend, h1, h2, dt, dd, .state, .lead")) {
    if (getComputedStyle(element).display !== "inline" && element.scrollWidth > element.clientWidth + 1) {
      found.push(`cut off: ${element.textContent.trim().slice(0, 60)}`);
    }
  }
  const boxes = all("button, .button, summary, nav a, input:not([type=hidden]), select").map((element) => [element, element.getBoundingClientRect()]);
  for (const [at, [one, a]] of boxes.entries()) {
    for (const [other, b] of boxes.slice(at + 1)) {
      const isOver = Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
      if (isOver && !one.contains(other)) found.push(`one over the other: ${one.textContent.trim()}, ${other.textContent.trim()}`);
    }
  }
  return found;
};

const spoken = (context, origin, value) => context.addCookies([{ name: "longshore-language", value, url: origin }]);

// Every page in the language that nobody reads, and in German where there is little room and much.
async function languages(context, page, origin, paths) {
  const found = [];
  const all = [...paths, "/no-such-page", "/in", "/in/0"];
  const visit = async (path, language) => {
    await page.goto(origin + path);
    // What a stream puts in the place of what was there is in the same language.
    if (await page.locator(".live").count()) await page.waitForTimeout(400);
    const is = await page.locator("html").getAttribute("lang");
    if (is !== language) found.push(`${path}: ${is} and not ${language}`);
  };
  await spoken(context, origin, "en-XA");
  for (const path of all) {
    await visit(path, "en-XA");
    for (const what of await page.evaluate(untranslated)) found.push(`${path}: ${what}`);
  }
  await spoken(context, origin, "de");
  for (const path of all) {
    await visit(path, "de");
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      for (const what of await page.evaluate(cramped)) found.push(`${path}, German at ${width}: ${what}`);
    }
  }
  await spoken(context, origin, "en");
  await visit(paths[0], "en");
  if ((await page.evaluate(untranslated)).length < 5) found.push("English passes for what nobody reads");
  return found;
}

// How many sheets a page takes on paper.
async function sheets(page) {
  await page.emulateMedia({ media: "print", colorScheme: "light" });
  const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
  await page.emulateMedia({ media: null });
  return (pdf.match(/\/Type\s*\/Page\b/g) || []).length;
}

const tries = {
  // Every page in every view: what axe finds, what is too wide, what the browser complains of; and some on paper.
  async pages(browser, { link, paths, sheets: printed }) {
    const { context, page, origin, complaints } = await open(browser, link);
    const found = [];
    for (const path of paths) {
      const answered = await page.goto(origin + path);
      if (answered.status() !== 200) found.push(`${path}: ${answered.status()}`);
      found.push(...(await look(page, path)));
    }
    const seen = complaints.length;
    found.push(...(await languages(context, page, origin, paths)));
    // That there is no such page is complained of too.
    complaints.splice(seen, Infinity, ...complaints.slice(seen).filter((text) => !text.includes("404") && !text.includes("401")));
    if (!printed) return { found, complaints };
    const counts = [];
    for (const path of printed) {
      await page.goto(origin + path);
      counts.push(await sheets(page));
    }
    return { found, complaints, sheets: counts };
  },

  // How a job stands is told as it happens, and takes away nothing that somebody types.
  async follows(browser, { link, path, words }) {
    const { page, origin, complaints } = await open(browser, link);
    await page.goto(origin + path);
    const summary = page.locator("details.typed summary, summary").first();
    await summary.click();
    const box = page.locator("details[open] textarea, details[open] input:not([type=hidden])").first();
    await box.fill("half a word");
    await outside("change");
    await page.getByText("The job has moved on").waitFor({ timeout: 30000 });
    const lead = await page.locator(".lead").textContent();
    const typed = await box.inputValue();
    return { lead, typed, isTold: lead.includes(words), complaints };
  },

  // A part of a page comes by itself.
  async waits(browser, { link, path, word }) {
    const { page, origin, complaints } = await open(browser, link);
    await page.goto(origin + path);
    await page.getByText(word).first().waitFor({ timeout: 30000 });
    return { came: true, complaints };
  },

  // A disk is laid down while somebody types; the service is killed and comes back. Nothing is reloaded.
  async live(browser, { link, job }) {
    const { page, complaints } = await open(browser, link);
    // A stream that could not begin is begun again.
    await page.route("**/events?*", (route) => route.abort(), { times: 1 });
    await page.reload();
    await page.evaluate(() => {
      window.untouched = true;
    });
    await page.waitForFunction(() => document.getElementById("not-live").textContent.startsWith("Not live since "), null, { timeout: 30000 });
    await page.locator("#not-live").waitFor({ state: "hidden", timeout: 30000 });
    await outside("stranger");
    const box = page.locator("article", { hasText: "Unknown disk" }).locator("input[name=Job]");
    await box.waitFor({ timeout: 60000 }).catch(async (error) => {
      throw new Error(`${await page.locator("main").innerText()}; ${await page.locator("#not-live").textContent()}`, { cause: error });
    });
    await box.pressSequentially("EX");
    await outside("disk");
    await page.locator("article", { hasText: job }).getByText("Safe to remove").waitFor({ timeout: 120000 });
    const typed = await box.inputValue();
    const hasFocus = await box.evaluate((element) => element === document.activeElement);
    const title = await page.title();
    await outside("kill");
    await page.locator("#not-live").waitFor({ state: "visible", timeout: 30000 });
    const banner = await page.locator("#not-live").textContent();
    complaints.length = 0;
    await outside("start");
    await page.locator("#not-live").waitFor({ state: "hidden", timeout: 30000 });
    const untouched = await page.evaluate(() => window.untouched === true);
    return { typed, hasFocus, title, banner, untouched };
  },

  // Part of a day without a mouse: by scanner and keys alone.
  async keys(browser, { link, job, parcel, hostile }) {
    const { page, origin, complaints } = await open(browser, link);
    const scan = async (code) => {
      const gone = page.waitForNavigation();
      await page.keyboard.type(code, { delay: 4 });
      await page.keyboard.press("Enter");
      await gone;
      return page.locator("main p[role=status]").allTextContents();
    };
    const told = [await scan(parcel), await scan(job), await scan(hostile)];
    const images = await page.locator("main img").count();
    await page.goto(`${origin}/bench`);
    await page.keyboard.press("/");
    await page.keyboard.type(job);
    const gone = page.waitForNavigation();
    await page.keyboard.press("Enter");
    await gone;
    await page.getByRole("link", { name: `Job ${job}` }).focus();
    await page.keyboard.press("Enter");
    await page.waitForURL(`${origin}/jobs/${job}`);
    await page.locator("summary", { hasText: "Hold" }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Its box is wet.");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".hold").waitFor();
    const held = await page.locator(".hold").textContent();
    // A slow scanner whose code has a blank, while a button has the focus.
    await page.getByRole("button", { name: "It is mended" }).focus();
    await page.keyboard.type("12 34 ab", { delay: 60 });
    await page.keyboard.press("Enter");
    await page.waitForTimeout(700);
    const isPressed = (await page.locator(".hold").count()) === 0;
    await page.keyboard.press("Enter");
    await page.locator(".hold").waitFor({ state: "detached" });
    const history = await page.locator(".history li").allTextContents();
    return { told, images, held, isPressed, history, complaints };
  },

  // The same act without any script.
  async plain(browser, { link, job }) {
    const { page, origin, complaints } = await open(browser, link, { javaScriptEnabled: false });
    const sites = [];
    page.on("request", async (request) => {
      if (request.method() === "POST") sites.push((await request.allHeaders())["sec-fetch-site"] || null);
    });
    await page.goto(`${origin}/jobs/${job}`);
    await page.locator("summary", { hasText: "Hold" }).click();
    await page.locator("form[action$='/hold'] textarea").fill("Without a script.");
    await page.getByRole("button", { name: "Hold the job" }).click();
    const held = await page.locator(".hold").textContent();
    await page.getByRole("button", { name: "It is mended" }).click();
    const isHeld = (await page.locator(".hold").count()) > 0;
    return { held, isHeld, sites, complaints };
  },

  // A customer writes a job: in the form, in the text, with faults on the way, and makes it.
  async draft(browser, { link, bucket, hostile }) {
    const { context, page, origin, complaints } = await open(browser, link);
    await page.goto(`${origin}/new`);
    const text = page.locator("#manifest");
    const told = page.locator("#told");
    const said = (words) => told.getByText(words).first().waitFor({ timeout: 15000 }).catch(async (error) => {
      throw new Error(`${await told.textContent()}: ${await text.inputValue()}`, { cause: error });
    });
    await page.locator("#bucket").fill("no-such-bucket");
    await page.locator("#deviceId").fill(hostile);
    await said("to be mended");
    await page.waitForFunction((name) => {
      const { value } = document.getElementById("manifest");
      return value.includes("no-such-bucket") && value.includes(name);
    }, hostile);
    const faults = await told.locator("li").allTextContents();
    // The other way round, with a slip of the pen.
    const lines = (await text.inputValue()).split("\n").filter((line) => !line.startsWith("returnAddress"));
    const typed = lines.map((line) => line.replace(/^bucket: .*/, `bucket: ${bucket}`)).join("\n");
    await text.fill(`${typed}acl: everybody\n`);
    await page.waitForFunction((name) => document.getElementById("bucket").value === name, bucket, { timeout: 15000 });
    await told.getByText("acl").first().waitFor({ timeout: 15000 });
    const lineFault = await told.locator("li", { hasText: "acl" }).textContent();
    await text.fill(typed);
    const fields = { name: "Jane Roe", street1: "1 Quay", city: "Sacramento", stateOrProvince: "CA", postalCode: "95814",
      country: "USA", phoneNumber: "+1-916-555-0160" };
    await page.waitForTimeout(1000);
    for (const [name, value] of Object.entries(fields)) await page.locator(`#returnAddress-${name}`).fill(value);
    await page.locator("#eraseDevice").selectOption("no");
    await page.waitForFunction(() => document.getElementById("manifest").value.includes("555-0160"), null, { timeout: 15000 });
    await said("The manifest is good.");
    // What only the store knows is asked when the rest is good.
    await page.locator("#bucket").fill("no-such-bucket");
    await said("to be mended");
    const beside = await page.locator("#bucket-told").textContent();
    const isMarked = await page.locator("#bucket").getAttribute("aria-invalid");
    await page.locator("#bucket").fill(bucket);
    await said("The manifest is good.");
    const written = await text.inputValue();
    await page.getByRole("button", { name: "Make the job" }).click();
    await page.waitForURL(/\/jobs\/[0-9A-Z]{5}$/);
    const job = page.url().split("/").pop();
    const signature = await (await context.request.get(`${origin}/jobs/${job}/SIGNATURE`)).text();
    const images = await page.locator("main img").count();
    return { job, faults, beside, isMarked, lineFault, written, signature, images, complaints };
  },

  // The same without any script.
  async plainDraft(browser, { link, bucket }) {
    const { page, origin, complaints } = await open(browser, link, { javaScriptEnabled: false });
    await page.goto(`${origin}/new`);
    await page.locator("#deviceId").fill("P-1");
    await page.locator("#bucket").fill("no-such-bucket");
    await page.getByRole("button", { name: "Check" }).click();
    const faults = await page.locator("#told li").allTextContents();
    const text = await page.locator("#manifest").inputValue();
    await page.locator("#manifest").fill(text.replace("no-such-bucket", bucket));
    await page.getByRole("button", { name: "Check" }).click();
    const field = await page.locator("#bucket").inputValue();
    const fields = { name: "Jane Roe", street1: "1 Quay", city: "Sacramento", stateOrProvince: "CA", postalCode: "95814",
      country: "USA", phoneNumber: "+1-916-555-0160" };
    for (const [name, value] of Object.entries(fields)) await page.locator(`#returnAddress-${name}`).fill(value);
    await page.getByRole("button", { name: "Make the job" }).click();
    const job = page.url().split("/").pop();
    return { job, faults, field, complaints };
  },

  // What will become of a list: read into the page, looked at in every view.
  async foresee(browser, { link, job, list }) {
    const { page, origin, complaints } = await open(browser, link);
    await page.goto(`${origin}/jobs/${job}/foresee`);
    await page.locator("#list").setInputFiles({ name: "list.txt", mimeType: "text/plain", buffer: Buffer.from(list) });
    await page.waitForFunction(() => document.getElementById("paths").value !== "");
    await page.getByRole("button", { name: "Look" }).click();
    await page.locator("#loaded").waitFor();
    const found = await look(page, "foresee");
    const rows = await page.locator("#loaded tbody tr").count();
    return { found, rows, images: await page.locator("main img").count(), complaints };
  },

  // A language is chosen at the foot of a page, without a script; else it is that of the browser.
  async speaks(browser, { link, path }) {
    const { page, origin, complaints } = await open(browser, link, { locale: "de-AT", javaScriptEnabled: false });
    const words = async () => [await page.locator("html").getAttribute("lang"), await page.locator("h1").first().textContent()];
    const seen = [await words()];
    await page.goto(origin + path);
    for (const name of ["English", "Deutsch"]) {
      await page.getByRole("button", { name }).click();
      seen.push([new URL(page.url()).pathname, ...(await words())]);
    }
    return { seen, complaints };
  },

  // Pictures for people.
  async pictures(browser, { link, paths, folder, language }) {
    const { context, page, origin } = await open(browser, link);
    if (language) await spoken(context, origin, language);
    for (const [name, path] of Object.entries(paths)) {
      await page.goto(origin + path);
      for (const colorScheme of ["light", "dark"]) {
        for (const width of [1280, 768, 320]) {
          await page.emulateMedia({ colorScheme });
          await page.setViewportSize({ width, height: 800 });
          await page.screenshot({ path: `${folder}/${name}-${colorScheme}-${width}.png`, fullPage: true });
        }
      }
    }
    return {};
  },

  // Who may only look sees no button that does anything.
  // Somebody adds a passkey, comes in by it, is asked for its touch, and has it copied by somebody else.
  async passkey(browser, { link, home, act, button }) {
    const { context, page, origin, complaints } = await open(browser, link);
    const devtools = await context.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      },
    });
    const found = [];
    const add = async (name) => {
      await page.goto(`${origin}/me`);
      await page.getByLabel("What you call it").fill(name);
      await page.getByRole("button", { name: "Add a passkey" }).click();
    };
    await add("<i>ring</i>");
    await page.getByRole("row", { name: /<i>ring/ }).waitFor();
    found.push(...(await look(page, "/me")));
    await outside("added");
    await page.setViewportSize({ width: 1280, height: 800 });

    const out = async () => {
      await page.goto(origin + home);
      await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
      await page.getByText("You are signed out").waitFor();
    };
    const knock = async () => {
      await page.goto(`${origin}/in`);
      await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    };
    await out();
    let sent = null;
    page.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/in/passkey")) sent = request.postData();
    });
    await page.goto(`${origin}/in`);
    found.push(...(await look(page, "/in")));
    await knock();
    await page.waitForURL(origin + home);
    await outside("in");
    const by = await page.goto(`${origin}/me`).then(() => page.getByRole("row", { name: /this one/ }).innerText());

    // A session that began by a link has touched nothing.
    await out();
    await page.goto(await outside("link"));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL(origin + home);
    await page.goto(origin + act);
    await page.locator("summary", { hasText: button }).click();
    const form = page.locator("details[open] form");
    await form.locator("textarea, input:not([type=hidden])").last().fill("It has \"two\" sides & <more>.");
    await form.getByRole("button").click();
    await page.getByRole("heading", { name: "Touch your passkey" }).waitFor();
    found.push(...(await look(page, "touch")));
    await outside("asked");
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.getByRole("button", { name: "Touch it, and do it" }).click();
    await page.waitForURL(origin + act);
    await outside("touched");

    // Somebody copies it: the counter of the copy does not go on.
    const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
    const [{ credentialId, signCount }] = credentials;
    await devtools.send("WebAuthn.removeCredential", { authenticatorId, credentialId });
    await devtools.send("WebAuthn.addCredential", { authenticatorId, credential: { ...credentials[0], signCount: 0 } });
    await out();
    complaints.length = 0;
    await knock();
    const copied = await page.getByRole("alert").innerText();
    await knock();
    const unknown = await page.getByRole("alert").innerText();
    return { found, by, sent, signCount, copied, unknown };
  },

  // An account gets a user and a group, policies with and without faults, and a key; and a request is asked about.
  async identities(browser, { link, account, faulty, good }) {
    const { page, origin, complaints } = await open(browser, link);
    const at = `${origin}/accounts/${account}`;
    const found = [];
    const make = async (kind, name) => {
      await page.goto(at);
      await page.getByText(`A new ${kind}`).click();
      await page.getByLabel(`Name of the ${kind}`).fill(name);
      await page.getByRole("button", { name: `Make the ${kind}` }).click();
      await page.getByRole("link", { name }).waitFor();
    };
    await make("user", "jane@example.org");
    await make("group", "readers");
    found.push(...(await look(page, at)));
    await page.goto(`${at}/groups/readers`);
    await page.getByRole("button", { name: "Put the user in" }).click();
    await page.getByRole("link", { name: "jane@example.org" }).waitFor();
    await page.getByText("Give one that is ready").click();
    await page.getByRole("button", { name: "Give it" }).click();
    await page.getByRole("heading", { name: "AWSImportExportReadOnlyAccess" }).waitFor();
    await page.goto(`${at}/users/jane@example.org`);
    const write = async (text) => {
      await page.getByLabel("What it is called").fill("own");
      await page.getByLabel("What it says").fill(text);
      await page.getByRole("button", { name: "Give the policy" }).click();
    };
    await page.getByText("Write a policy").click();
    await write(faulty);
    await page.locator("#policy-told").waitFor();
    const faults = await page.locator("#policy-told li").allInnerTexts();
    const kept = await page.getByLabel("What it says").inputValue();
    found.push(...(await look(page, "faults")));
    complaints.length = 0;
    await write(good);
    await page.getByRole("heading", { name: "own" }).waitFor();
    const ask = async (action) => {
      await page.locator("select[name=action]").selectOption(action);
      await page.getByRole("button", { name: "Ask" }).click();
      await page.locator("#judged", { hasText: action }).waitFor();
      return page.locator("#judged").innerText();
    };
    const judged = [];
    for (const action of ["importexport:ListJobs", "importexport:CancelJob", "importexport:CreateJob"]) judged.push(await ask(action));
    found.push(...(await look(page, "user")));
    await page.getByRole("button", { name: "Make a key" }).click();
    const secret = await page.locator("main").innerText();
    await page.goto(`${at}/users/jane@example.org`);
    const after = await page.locator("main").innerText();
    await page.getByText("Delete", { exact: true }).last().click();
    await page.getByRole("button", { name: "Delete jane@example.org" }).click();
    await page.waitForURL(at);
    const left = await page.locator("main").innerText();
    return { found, faults, kept, judged, secret, after, left, complaints };
  },

  // Two passkeys: one is removed on the page, and lets nobody in any more.
  async removed(browser, { link, home, plain }) {
    const { context, page, origin } = await open(browser, link);
    const devtools = await context.newCDPSession(page);
    await devtools.send("WebAuthn.enable");
    await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
      },
    });
    await page.goto(`${origin}/me`);
    await page.getByLabel("What you call it").fill("ring");
    await page.getByRole("button", { name: "Add a passkey" }).click();
    const row = page.getByRole("row", { name: /ring/ });
    await row.locator("summary").click();
    await row.getByRole("button", { name: "Remove ring" }).click();
    await page.getByRole("button", { name: "Touch it, and do it" }).click();
    await page.getByText("You have none").waitFor();
    await page.getByRole("button", { name: "Sign out", exact: true }).first().click();
    await page.goto(`${origin}/in`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    const unknown = await page.getByRole("alert").innerText();
    // By plain HTTP under a name there are links alone.
    await page.goto(`${plain}/in`);
    const reason = await page.locator("#no-passkeys").innerText();
    const buttons = await page.locator("main").getByRole("button").count();
    return { unknown, reason, buttons, home };
  },

  async viewer(browser, { link, paths }) {
    const { page, origin } = await open(browser, link);
    const buttons = [];
    for (const path of paths) {
      const answered = await page.goto(origin + path);
      buttons.push([path, answered.status(), await page.locator("main button").allTextContents()]);
    }
    return { buttons };
  },

  // More tabs than a browser has streams for a host.
  async tabs(browser, { link, count }) {
    const { context, origin } = await open(browser, link);
    const pages = [];
    for (let number = 0; number < count; number += 1) {
      const page = await context.newPage();
      await page.goto(`${origin}/bench`, { timeout: 20000 });
      pages.push(await page.title());
    }
    return { pages };
  },
};

(async () => {
  const { what, ...asked } = JSON.parse((await lines.next()).value);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    // A name that no browser trusts as it trusts this host.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP console.test 127.0.0.1"],
  });
  try {
    process.stdout.write(`${JSON.stringify(await tries[what](browser, asked))}\n`);
  } finally {
    await browser.close();
  }
  process.exit(0);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
