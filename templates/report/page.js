"use strict";
// Texts that appear at the pointer: those of the drawings' titles, and how busy each unit is at a column of the schedule.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const tip = document.getElementById("tip");
  const gantt = document.getElementById("gantt");
  const cursor = document.getElementById("cursor");

  for (const title of document.querySelectorAll("svg title")) {
    title.parentNode.tip = title.textContent;
    title.remove(); // else the browser would show it a second time
  }

  const place = (event) => {
    const { clientWidth, clientHeight } = document.documentElement;
    tip.style.left = Math.max(8, Math.min(event.clientX + 14, clientWidth - tip.offsetWidth - 8)) + "px";
    const below = event.clientY + 16;
    const fits = below + tip.offsetHeight + 8 < clientHeight;
    tip.style.top = (fits ? below : Math.max(8, event.clientY - tip.offsetHeight - 10)) + "px";
  };

  const column = (event) => {
    const { left, width, bins } = data.gantt;
    const box = gantt.getBoundingClientRect();
    const x = (event.clientX - box.left) * gantt.viewBox.baseVal.width / box.width - left;
    const index = Math.floor(x / width * (bins.length - 1));
    return index >= 0 && index < bins.length - 1 ? index : -1;
  };

  const busyAt = (index) => {
    const { bins, busy } = data.gantt;
    const cycles = bins[index + 1] - bins[index];
    const number = (value) => value.toLocaleString("en-US");
    const units = data.gantt.names.map((name, i) => `${name}: ${Math.round(100 * busy[i][index] / cycles)} %`);
    return `cycles ${number(bins[index])}–${number(bins[index + 1] - 1)}\n${units.join(", ")}`;
  };

  document.addEventListener("mousemove", (event) => {
    let text = event.target.tip || "";
    let index = -1;
    if (gantt.contains(event.target)) {
      index = column(event);
      if (index >= 0) text = busyAt(index) + (text ? "\n" + text : "");
    }
    if (index >= 0) {
      const { left, width, bins } = data.gantt;
      const x = left + (index + 0.5) * width / (bins.length - 1);
      cursor.setAttribute("x1", x);
      cursor.setAttribute("x2", x);
    }
    cursor.style.visibility = index >= 0 ? "visible" : "hidden";
    tip.hidden = !text;
    tip.textContent = text;
    if (text) place(event);
  });
})();
