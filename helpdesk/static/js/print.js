// The customer's copy goes to the printer.
document.querySelector("[data-print]")?.addEventListener("click", () => window.print());
