const answer = document.querySelector("#answer");

document.querySelector("#ask").addEventListener("click", async () => {
  const response = await fetch("/api/time");
  const { time, node } = await response.json();
  answer.textContent = `It is ${new Date(time).toLocaleTimeString()} in Node ${node}.`;
});
