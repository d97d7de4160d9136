const sky = document.querySelector("#sky");
const lit = document.querySelector("#lit");

function light() {
  const firefly = document.createElement("i");
  firefly.style.left = `${Math.random() * 100}%`;
  firefly.style.top = `${Math.random() * 100}%`;
  firefly.style.animationDelay = `${-Math.random() * 6}s`;
  sky.append(firefly);
  lit.textContent = sky.childElementCount;
}

document.querySelector("#light").addEventListener("click", light);

for (let i = 0; i < 7; i++) {
  light();
}
