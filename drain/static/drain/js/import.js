// form[data-import]: the preview comes into the page, so that the chosen file stays chosen for the import.
(() => {
  "use strict";
  const form = document.querySelector("form[data-import]");
  const region = document.getElementById("import-preview");
  if (!form || !region) return;
  const said = (words) => {
    const note = document.createElement("p");
    note.setAttribute("role", "alert");
    note.className = "notice banner s-failed";
    note.textContent = words;
    region.replaceChildren(note);
  };

  // A field that cuts off what is pasted would lose phases in silence, and a server that takes no more just hangs up.
  function tooLarge() {
    const { mostMegabytes, mostPasted } = form.dataset;
    const file = form.elements.file.files[0];
    if (file && file.size > mostMegabytes * 1024 * 1024)
      return `The file has ${(file.size / 1024 / 1024).toFixed(1)} MB and a browser may bring ${mostMegabytes} MB: ` +
        "pack it with gzip, or import it in the terminal.";
    if ([...form.elements.text.value].length > mostPasted)
      return "The text is too long: save it as a file and choose that.";
    return "";
  }

  async function preview() {
    const refused = tooLarge();
    if (refused) return said(refused);
    const data = new FormData(form);
    data.delete("seen");
    data.set("act", "preview");
    region.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: data,
        headers: { "HX-Request": "true" },
        credentials: "same-origin",
      });
      if (answer.status === 413) said("This is more than the server takes at once: see the limits beside the fields.");
      else if (answer.redirected || (!answer.ok && answer.status !== 422)) throw new Error(String(answer.status));
      else {
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        region.replaceChildren(...fresh.body.childNodes);
        region.querySelector("[data-no-script]")?.remove();
      }
    } catch {
      said("The preview could not be made: the server did not take the file. Nothing was imported.");
    }
    region.removeAttribute("aria-busy");
  }

  form.addEventListener("submit", (event) => {
    if (event.submitter?.value === "import") return;
    event.preventDefault();
    event.stopImmediatePropagation();
    preview();
  });
  // What was shown is no longer what would be imported; which column is which holds as long as the file does.
  form.addEventListener("input", (event) => {
    if (region.contains(event.target)) return;
    const sameFile = event.target !== form.elements.file && event.target !== form.elements.text;
    const chosen = sameFile ? [...region.querySelectorAll('[name^="map_"]')] : [];
    region.replaceChildren(...chosen.filter((field) => field.value).map((field) => {
      const kept = document.createElement("input");
      Object.assign(kept, { type: "hidden", name: field.name, value: field.value });
      return kept;
    }));
  });
})();
