// Makes pages nicer where there is a script; every page works without it.
"use strict";

// A summary of mistakes is where reading begins.
document.querySelector("#errors")?.focus();

// Numbers that people copy.
const words = { ja: ["コピー", "コピーしました"], en: ["Copy", "Copied"] };
const [copy, copied] = words[document.documentElement.lang] ?? words.ja;
for (const number of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  const text = number.textContent.trim();
  const button = Object.assign(document.createElement("button"), { type: "button", className: "plain copy", textContent: copy });
  const label = number.parentElement.querySelector("dt")?.textContent;
  if (label) button.setAttribute("aria-description", label);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = copied;
    setTimeout(() => { button.textContent = copy; }, 2000);
  });
  const cell = document.createElement(number.tagName === "DD" ? "dd" : "span");
  cell.className = "do";
  cell.append(button);
  number.after(cell);
}

// The registration form: choosing 本人 or 代理人 enables the fields at once, and its way is shown.
const registration = document.querySelector("#registration");
const picture = document.querySelector("#picture-field");

async function chosen(applicant) {
  for (const control of registration.querySelectorAll(":disabled")) control.disabled = false;
  const hint = document.querySelector("#email-hint");
  const lines = registration.dataset[applicant === "agent" ? "hintAgent" : "hintPrincipal"].split("\n");
  hint.replaceChildren(...lines.flatMap((line, index) => (index ? [document.createElement("br"), line] : [line])));
  const answer = await fetch(registration.dataset.way + applicant, { headers: { Accept: "text/html" } });
  const now = registration.querySelector("[name=applicant]:checked")?.value;
  if (answer.ok && now === applicant) document.querySelector("#way").innerHTML = await answer.text();
}

if (registration) {
  registration.querySelector(".choose")?.remove();
  for (const radio of registration.querySelectorAll("[name=applicant]")) {
    radio.addEventListener("change", () => chosen(radio.value));
  }
  // A browser that restores a choice after a reload fires no event.
  const restored = registration.querySelector("[name=applicant]:checked");
  if (restored && registration.querySelector(":disabled")) chosen(restored.value);
}

// 画像を変更 without leaving the page: the form's address always shows a new picture.
const pictured = picture?.closest("form");

async function newPicture() {
  const form = pictured.querySelector("[name=form]").value;
  const answer = await fetch(`${pictured.getAttribute("action")}?form=${form}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("#picture-field");
  if (!answer.ok || !fresh) throw new Error("no picture");
  picture.querySelector("img").src = fresh.querySelector("img").getAttribute("src");
  picture.querySelector("[data-listen]").href = fresh.querySelector("[data-listen]").getAttribute("href");
  picture.querySelector("[name=picture_id]").value = fresh.querySelector("[name=picture_id]").value;
  const input = picture.querySelector("#picture");
  input.value = "";
  input.focus();
}

picture?.querySelector("[value=picture]").addEventListener("click", (event) => {
  event.preventDefault();
  const button = event.currentTarget;
  newPicture().catch(() => pictured.requestSubmit(button));
});

// 音声で聞く in place; pressed again it starts anew.
let voice;
picture?.querySelector("[data-listen]").addEventListener("click", (event) => {
  event.preventDefault();
  voice?.pause();
  voice = new Audio(event.currentTarget.href);
  voice.play().catch(() => window.open(voice.src, "_blank", "noopener"));
});
