const answer = document.querySelector("#answer");
const text = document.querySelector("#text");
let socket;

function connect() {
  socket = new WebSocket(`${location.protocol.replace("http", "ws")}//${location.host}/ws`);
  socket.onopen = () => (answer.textContent = "Connected. The server sends back what you say.");
  socket.onmessage = ({ data }) => (answer.textContent = `The server says: ${data}`);
  socket.onclose = () => {
    answer.textContent = "Connection lost, trying again…";
    setTimeout(connect, 1000);
  };
}

document.querySelector("#say").addEventListener("submit", (event) => {
  event.preventDefault();
  if (socket.readyState === WebSocket.OPEN) {
    socket.send(text.value);
    text.value = "";
  }
});

connect();
