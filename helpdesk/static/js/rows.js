// Tables to fill in grow by a row: the last one is copied, emptied and numbered on.
for (const table of document.querySelectorAll("[data-rows]")) {
  const add = table.querySelector("[data-add-row]");
  add.hidden = false;
  add.addEventListener("click", () => {
    const rows = table.querySelectorAll(".row-fields");
    const last = rows[rows.length - 1];
    const copy = last.cloneNode(true);
    const renumber = (text) => text.replace(`-${rows.length}-`, `-${rows.length + 1}-`);
    for (const element of copy.querySelectorAll("[id], [name], [for]")) {
      for (const attribute of ["id", "name", "for"]) {
        if (element.hasAttribute(attribute)) element.setAttribute(attribute, renumber(element.getAttribute(attribute)));
      }
      if ("value" in element && element.tagName !== "BUTTON") element.value = "";
    }
    last.after(copy);
    copy.querySelector("input, select, textarea").focus();
  });
}
