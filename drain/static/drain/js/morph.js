// Makes an element equal to a fresh one while keeping nodes that stay: focus, scroll and open <details> survive.
(() => {
  "use strict";
  const keyOf = (node) => (node.nodeType === 1 && (node.id || node.dataset.row)) || "";

  // What a person did to the element, which no answer knows: opened it, or went to this row.
  function kept(element, name) {
    return name === "data-current" || (name === "open" && element.matches("details, dialog"));
  }

  function attributes(from, to) {
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && !kept(from, name)) from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (name === "open" && from.hasAttribute("data-fold")) continue;
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
  }

  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

  function children(from, to) {
    const keyed = new Map();
    for (const node of from.childNodes) if (keyOf(node)) keyed.set(keyOf(node), node);
    let old = from.firstChild;
    for (const fresh of [...to.childNodes]) {
      const known = keyOf(fresh) && keyed.get(keyOf(fresh));
      if (known && known !== old && alike(known, fresh)) {
        from.insertBefore(known, old);
        old = known;
      }
      if (old && alike(old, fresh)) {
        const next = old.nextSibling;
        node(old, fresh);
        old = next;
      } else {
        from.insertBefore(fresh, old);
      }
    }
    while (old) {
      const next = old.nextSibling;
      old.remove();
      old = next;
    }
  }

  function node(from, to) {
    if (from.nodeType !== 1) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    if (from.hasAttribute("data-live-keep") || from.isEqualNode(to)) return;
    attributes(from, to);
    children(from, to);
  }

  window.drainMorph = node;
})();
