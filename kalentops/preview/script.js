// Switches what is shown. Everything it writes into the page is written as text, and everything it needs is in
// the page: it asks nobody for anything, except, with `--serve`, the server that the page came from.
(() => {
  "use strict";
  const root = document.documentElement;
  const one = (id) => document.getElementById(id);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  if (root.dataset.live) {
    const changes = new EventSource("changes");
    changes.onmessage = (event) => {
      if (event.data !== root.dataset.live) location.reload();
    };
  }

  const remember = (name, value) => {
    try {
      if (value) localStorage.setItem(`kalentops-${name}`, value);
      return localStorage.getItem(`kalentops-${name}`);
    } catch {
      return null; // a page from a file may have no storage
    }
  };

  // The words of the page: the reader's choice, else that of the command, else the browser's language.
  const words = one("words").dataset;
  const dictionaries = JSON.parse(words.dictionaries);
  const phrase = (number) => dictionaries[root.lang][number];
  const speak = (language) => {
    root.lang = language;
    for (const each of all("[data-w]")) each.textContent = phrase(each.dataset.w);
    for (const name of ["aria-label", "placeholder", "title"]) {
      for (const each of all(`[data-w-${name}]`)) each.setAttribute(name, phrase(each.getAttribute(`data-w-${name}`)));
    }
  };
  const preferred = [remember("language"), root.dataset.language, ...navigator.languages.map((each) => each.slice(0, 2))];
  speak(preferred.find((each) => each && Object.hasOwn(dictionaries, each)) ?? root.lang);

  const main = one("content");
  if (!main) return;
  const people = JSON.parse(words.people);
  const person = one("person");
  const filter = one("filter");
  const changed = one("changed");
  const troubled = one("troubled");
  const articles = all("article.sequence");
  const entries = new Map(all(".index li[data-for]").map((item) => [item.dataset.for, item]));
  const groups = all(".group, .sourcing");
  const unchanged = one("unchanged");
  const frame = document.querySelector(".top");
  const texts = new Map();

  // A text of one of several positions, from its pieces.
  const pieces = JSON.parse(words.pieces);
  const written = (numbers) => {
    const text = document.createDocumentFragment();
    let run = text;
    let of = "same";
    for (const number of numbers) {
      const [mark, kind, said, note] = pieces[number];
      if (mark !== of) run = mark === "same" ? text : text.appendChild(document.createElement(mark === "old" ? "del" : "ins"));
      of = mark;
      if (kind === "text") {
        run.append(said);
        continue;
      }
      const part = run.appendChild(document.createElement("span"));
      part.className = { variable: "v", unknown: "no-variable" }[kind] ?? kind;
      part.textContent = kind === "cut" ? ` … ${phrase(note)}` : said;
      if (kind === "variable") part.dataset.v = said;
      else if (note >= 0 && kind !== "cut") part.title = phrase(note);
    }
    return text;
  };
  const put = (element, number) => {
    element.textContent = number < 0 ? "" : phrase(number);
  };
  const vary = (step, stop, [name, day, time, was, both, texts, counters]) => {
    put(step.querySelector(".label"), name);
    put(step.querySelector(".day"), day);
    for (const [selector, number] of [[".detail", time], [".was", was]]) {
      const element = step.querySelector(selector);
      element.hidden = number < 0;
      put(element.querySelector("del") ?? element, number);
    }
    if (stop) put(stop.querySelector(".stop-day"), both);
    for (const part of all("[data-part]", step)) part.replaceChildren(written(texts[part.dataset.part]));
    const figures = all(".figure", step);
    counters.forEach(([numbers, over, warning], index) => {
      figures[index].dataset.texts = JSON.stringify(numbers);
      figures[index].dataset.over = JSON.stringify(over);
      const hint = figures[index].parentElement.querySelector(".too-long");
      hint.hidden = warning < 0;
      put(hint.querySelector("span"), warning);
    });
  };

  // Which of its positions a section is shown for; each blueprint has an address of its own.
  const sections = all(".sourcing");
  const chosen = new Map(sections.map((section) => [section, 0]));
  const samples = new Map(sections.map((section) => [section, JSON.parse(section.dataset.samples)]));
  const members = new Map();
  for (const article of articles) {
    const anchors = JSON.parse(article.dataset.anchors ?? "[]");
    anchors.forEach((anchor, index) => members.set(anchor, [article, index]));
  }
  const choose = (section, index) => {
    const links = all(".positions a", section);
    if (!links.length) return;
    chosen.set(section, index);
    section.querySelector(".position select").value = String(index);
    links.forEach((link, number) => link.setAttribute("aria-current", String(number === index)));
    for (const each of all("[data-choice]", section)) {
      const variant = new Map(JSON.parse(each.dataset.choice)).get(index);
      const stop = section.querySelector(`[data-stop="${CSS.escape(each.id)}"]`);
      each.hidden = variant === undefined;
      if (stop) stop.hidden = each.hidden;
      if (!each.hidden && each.dataset.variants) vary(each, stop, JSON.parse(each.dataset.variants)[variant]);
    }
    for (const article of all("article", section)) {
      put(article.querySelector(".name"), JSON.parse(article.dataset.names)[index]);
      put(article.querySelector(".summary"), JSON.parse(article.dataset.summaries)[index]);
      article.querySelector(".technical .place").textContent = JSON.parse(article.dataset.places)[index];
    }
  };
  const addressOf = (article) => {
    const anchors = article.dataset.anchors;
    return anchors ? JSON.parse(anchors)[chosen.get(article.closest(".sourcing"))] : article.id;
  };
  // Where a link leads to: in the index and at a glance it stays at the position that is shown.
  const goalOf = (link) => {
    const place = link.getAttribute("href").slice(1);
    if (link.closest(".index")) return addressOf(one(place));
    const article = link.closest(".overview") && link.closest("article[data-anchors]");
    if (!article) return place;
    return `${addressOf(article)}/${all(".overview li:not([hidden])", article).indexOf(link.parentElement) + 1}`;
  };
  for (const section of sections) {
    const label = section.querySelector(".position label");
    if (!label) continue;
    const select = label.querySelector("select");
    all(".positions a", section).forEach((link, index) => select.add(new Option(link.textContent, String(index))));
    label.hidden = false;
    select.addEventListener("change", () => {
      choose(section, Number(select.value));
      fillIn(Number(person.value));
      write(addressOf(section.querySelector("article:not([hidden])")));
    });
  }

  // Who reads. The last choice is nobody: the text with its variables.
  const fillIn = (number) => {
    for (const section of sections) {
      const own = samples.get(section)[chosen.get(section)];
      const values = number < people.length ? { ...people[number], ...own } : null;
      for (const each of all(".v", section)) {
        const name = each.dataset.v;
        const known = values && Object.hasOwn(values, name);
        each.classList.toggle("raw", !values);
        each.classList.toggle("missing", Boolean(values) && !known);
        each.title = values ? name : "";
        each.textContent = !values ? `{{${name}}}` : known ? values[name] : phrase(words.missing).replace("{name}", name);
      }
    }
    for (const each of all("[data-texts]")) {
      each.dataset.w = JSON.parse(each.dataset.texts)[number];
      each.textContent = phrase(each.dataset.w);
      each.classList.toggle("over", Boolean(JSON.parse(each.dataset.over ?? "[]")[number]));
    }
    texts.clear();
  };

  const textOf = (article) => {
    if (!texts.has(article)) {
      const own = all("[data-variants]", article).flatMap((step) =>
        JSON.parse(step.dataset.variants).flatMap((variant) => variant[5].flat().map((number) => pieces[number][2])));
      const section = article.closest(".sourcing");
      const positions = (section.querySelector(".positions ul") ?? section.querySelector("h2")).textContent;
      texts.set(article, [article.textContent, positions, ...new Set(own)].join(" ").toLowerCase());
    }
    return texts.get(article);
  };

  const sift = () => {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const article of articles) {
      const fits =
        (!changed || !changed.checked || !article.classList.contains("same")) &&
        (!troubled.checked || article.querySelector(".note, .too-long:not([hidden])")) &&
        wanted.every((word) => textOf(article).includes(word));
      article.hidden = !fits;
      entries.get(article.dataset.address).hidden = !fits;
      shown += fits ? 1 : 0;
    }
    for (const group of groups) {
      group.hidden = !group.querySelector("article:not([hidden]), li[data-for]:not([hidden])");
    }
    let named = 0;
    for (const each of unchanged ? all("li", unchanged) : []) {
      each.hidden = !wanted.every((word) => each.textContent.toLowerCase().includes(word));
      named += each.hidden ? 0 : 1;
    }
    if (wanted.length && named) unchanged.querySelector("details.positions").open = true;
    const figures = { shown, all: articles.length };
    const said = (_, name) => figures[name].toLocaleString(root.lang);
    one("shown").textContent = phrase(words.shown).replace(/\{(\w+)\}/g, said);
    one("nothing").hidden = shown > 0;
  };

  const unfold = () => {
    for (const each of all(".unchanged")) each.open = !changed?.checked;
  };

  // What is chosen stands in the address, so that a link shows what its sender saw: #sourcing/key?as=1&find=word
  const read = () => {
    const [place, query] = location.hash.slice(1).split("?");
    const chosen = new URLSearchParams(query);
    const as = Number(chosen.get("as") ?? 0);
    person.value = String(Number.isInteger(as) && as >= 0 && as <= people.length ? as : 0);
    filter.value = chosen.get("find") ?? "";
    if (changed) changed.checked = chosen.get("all") !== "1";
    troubled.checked = chosen.get("findings") === "1";
    return place;
  };
  const write = (place = location.hash.slice(1).split("?")[0]) => {
    const chosen = new URLSearchParams();
    if (person.value !== "0") chosen.set("as", person.value);
    if (filter.value) chosen.set("find", filter.value);
    if (changed && !changed.checked) chosen.set("all", "1");
    if (troubled.checked) chosen.set("findings", "1");
    const query = chosen.toString();
    const hash = query ? `#${place}?${query}` : place ? `#${place}` : "";
    const other = place !== location.hash.slice(1).split("?")[0];
    history[other ? "pushState" : "replaceState"](null, "", hash || location.pathname + location.search);
  };

  // What stays in view covers what is below it: so much more is scrolled. Written into the style's own first rule,
  // because no element may have a style.
  const sizes = document.styleSheets[0].cssRules[0].style;
  const measure = () => sizes.setProperty("--top", `${frame.offsetHeight}px`);
  const show = (target) => {
    const title = target.closest(".sourcing")?.querySelector(".position");
    measure();
    sizes.setProperty("--position", `${title ? title.offsetHeight : 0}px`);
    target.scrollIntoView({ behavior: "instant" });
  };
  // What an address leads to: an element, or a blueprint or a step of one that is shown with others.
  const find = (place) => {
    const [, anchor, number] = /^([^/]*\/[^/]*)(?:\/(\d+))?$/.exec(place) ?? [];
    const member = members.get(anchor);
    // An unchanged sequence may not be on the page: what is at its top says so.
    if (!member) return place && (one(place) ?? (anchor && one("left-out")));
    const [article, index] = member;
    choose(article.closest(".sourcing"), index);
    fillIn(Number(person.value));
    return number ? all(".step:not([hidden], .removed)", article)[number - 1] ?? article : article;
  };
  const go = (place) => {
    const target = find(place);
    if (!target) return;
    const article = target.closest("article");
    if (article) {
      if (article.hidden) {
        // A link to what is filtered out is a wish to see it.
        filter.value = "";
        if (changed) changed.checked = false;
        troubled.checked = false;
        sift();
      }
      article.querySelector("details").open = true;
      const unchanged = target.querySelector(".unchanged");
      if (unchanged && target !== article) unchanged.open = true;
    }
    if (target === unchanged) unchanged.querySelector("details.positions").open = true;
    write(place); // first: the browser keeps for each address where it was left
    show(target);
    if (article) article.focus({ preventScroll: true });
  };
  const follow = () => {
    const place = read();
    fillIn(Number(person.value));
    unfold();
    sift();
    go(place);
  };

  person.addEventListener("change", () => {
    fillIn(Number(person.value));
    sift();
    write();
  });
  changed?.addEventListener("input", unfold);
  for (const each of [filter, changed, troubled]) {
    each?.addEventListener("input", () => {
      sift();
      write();
    });
  }
  window.addEventListener("hashchange", follow);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link || link.classList.contains("skip") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(goalOf(link));
  });

  const fold = one("fold");
  fold.addEventListener("click", () => {
    const folds = fold.getAttribute("aria-pressed") !== "true";
    fold.setAttribute("aria-pressed", String(folds));
    const here = scrollY > 0 && articles.find((each) => each.getBoundingClientRect().bottom > innerHeight / 4);
    for (const each of all("article > details")) each.open = !folds;
    if (here) show(here);
  });

  const theme = one("theme");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const paint = () => { theme.textContent = phrase(isDark() ? words.light : words.dark); }; // what a click gives
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember("theme", root.dataset.theme);
    paint();
  });
  dark.addEventListener("change", paint);
  const remembered = remember("theme");
  if (remembered === "light" || remembered === "dark") root.dataset.theme = remembered;
  paint();

  one("language").addEventListener("click", () => {
    const languages = Object.keys(dictionaries);
    speak(languages[(languages.indexOf(root.lang) + 1) % languages.length]);
    remember("language", root.lang);
    for (const section of sections) choose(section, chosen.get(section));
    fillIn(Number(person.value));
    sift();
    paint();
  });

  // In the index the arrows go from one sequence to the next.
  document.querySelector(".index").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const links = all(".index li[data-for]:not([hidden]) a");
    const at = links.indexOf(document.activeElement);
    if (!step || (at < 0 && document.activeElement !== filter)) return;
    const next = links[at < 0 ? (step > 0 ? 0 : -1) : at + step];
    if (at === 0 && step < 0) filter.focus();
    if (next) next.focus();
    event.preventDefault();
  });

  const seen = new IntersectionObserver(
    (found) => {
      for (const each of found) {
        const link = entries.get(each.target.dataset.address).querySelector("a");
        if (each.isIntersecting) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    },
    { rootMargin: "-20% 0px -70% 0px" },
  );
  for (const article of articles) seen.observe(article);

  // On paper nothing is folded.
  const closed = [];
  window.addEventListener("beforeprint", () => {
    closed.push(...all("article > details:not([open])"));
    for (const each of closed) each.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const each of closed.splice(0)) each.open = false;
  });

  const index = document.querySelector(".index details");
  if (window.matchMedia("(max-width: 56rem)").matches) for (const each of [index, ...all(".positions")]) each.open = false;
  one("controls").hidden = false;
  one("finder").hidden = false;
  new ResizeObserver(measure).observe(frame);
  follow();
})();
