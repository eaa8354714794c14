// What is wrong with a page as it is laid out: a list of sentences. An expression, run from outside,
// so that it works where the page's own scripts don't.
(() => {
  const wrong = [];
  const say = (what, element) => wrong.push(`${what}: <${element.tagName.toLowerCase()} class="${
    element.getAttribute("class") ?? ""}"> ${element.textContent.trim().slice(0, 60)}`);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const shown = element => element.checkVisibility({ contentVisibilityAuto: true });
  const apart = (a, b) => a.right <= b.left + .5 || b.right <= a.left + .5 ||
    a.bottom <= b.top + .5 || b.bottom <= a.top + .5;

  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    wrong.push(`the page is ${root.scrollWidth} wide in a window of ${root.clientWidth}`);
  }
  for (const element of all("body *")) {
    const style = getComputedStyle(element);
    const cut = style.overflowX !== "visible" && style.overflowX !== "auto";
    if (cut && !element.closest("svg") && element.scrollWidth > element.clientWidth) {
      say("cut", element);
    }
  }

  // Headings in order.
  let last = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const level = +heading.tagName[1];
    if (level > last + 1) say(`a heading after level ${last}`, heading);
    last = level;
  }
  if (all("h1").length !== 1) wrong.push(`${all("h1").length} main headings`);
  for (const landmark of ["header", "nav", "main", "footer"]) {
    if (!all(`body > ${landmark}`).length) wrong.push(`no ${landmark}`);
  }
  if (root.lang !== "en") wrong.push("no language");
  const ids = all("[id]").map(element => element.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) wrong.push(`twice: #${id}`);
  for (const link of all("a")) {
    if (!document.getElementById(link.getAttribute("href").slice(1))) say("leads nowhere", link);
  }

  // Tables are told to those who hear them.
  for (const table of all("table")) {
    if (!table.caption?.textContent.trim()) say("no caption", table);
    for (const th of all("th", table)) if (!th.scope) say("no scope", th);
    for (const row of table.rows) {
      if (row.cells.length !== table.rows[0].cells.length) say("a ragged row", row);
    }
  }

  // Charts: something to see, to hear and to read, all of it inside and nothing over another.
  for (const figure of all("figure")) {
    const svgs = all("svg.chart", figure);
    if (!svgs.length) say("no picture", figure);
    if (!figure.querySelector("details table")) say("no table", figure);
    if (!figure.querySelector("h4")) say("no title", figure);
  }
  for (const svg of all("svg.chart")) {
    const frame = svg.getBoundingClientRect();
    for (const id of svg.getAttribute("aria-labelledby").split(" ")) {
      if (!document.getElementById(id)?.textContent.trim()) say(`no text #${id}`, svg);
    }
    const marks = all("rect, circle, path", svg).filter(mark => {
      const box = mark.getBoundingClientRect();
      return box.width > 0 && box.height > 0;
    });
    if (!marks.length) say("an empty chart", svg);
    const texts = all("text", svg).map(text => [text, text.getBoundingClientRect()]);
    texts.forEach(([text, box], index) => {
      const size = parseFloat(getComputedStyle(text).fontSize);
      if (size < 12 || size > 14) say(`${size} pixels high`, text);
      if (box.left < frame.left - .5 || box.right > frame.right + .5 ||
          box.top < frame.top - .5 || box.bottom > frame.bottom + .5) {
        say(`outside of its chart (${box.left - frame.left} to ${box.right - frame.left} of ${
          frame.width})`, text);
      }
      for (const [other, place] of texts.slice(index + 1)) {
        if (!apart(box, place)) say(`over ${other.textContent.trim()}`, text);
      }
    });
  }

  // Blocks of text lie below or beside each other.
  const blocks = all("h1, h2, h3, h4, p, li, dt, dd, pre, summary, caption, .chart, figcaption ul")
    .filter(element => shown(element) && !element.classList.contains("skip"));
  const boxes = blocks.map(block => [block, block.getBoundingClientRect()]);
  boxes.forEach(([block, box], index) => {
    for (const [other, place] of boxes.slice(index + 1, index + 40)) {
      if (!block.contains(other) && !apart(box, place)) say(`over ${other.textContent.slice(0, 40)}`, block);
    }
  });

  // Contrast of text (WCAG 2.1, 1.4.3).
  const channel = c => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const luminance = colour => {
    const [r, g, b] = colour.match(/[\d.]+/g).map(Number);
    return .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  for (const element of all("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!own || !shown(element) || element.closest("script, title, desc")) continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [luminance(ink), luminance(behind(element))].sort((x, y) => y - x);
    const contrast = (a + .05) / (b + .05);
    if (contrast < 4.5) say(`contrast ${contrast.toFixed(2)}`, element);
  }
  return [...new Set(wrong)];
})()
