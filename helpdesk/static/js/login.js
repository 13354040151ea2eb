// A chip fills the form in and signs in (demo company only).
document.querySelector(".chips")?.addEventListener("click", (event) => {
  const chip = event.target.closest("[data-email]");
  if (!chip) return;
  document.getElementById("email").value = chip.dataset.email;
  document.getElementById("password").value = chip.parentElement.dataset.password;
  document.getElementById("email").form.requestSubmit();
});
