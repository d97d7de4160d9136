import express from "express";

const app = express();
const port = process.env.PORT || 3000;

app.use(express.static("public"));

app.get("/api/time", (request, response) => {
  response.json({ time: new Date().toISOString(), node: process.version });
});

app.listen(port, process.env.HOST || "127.0.0.1", (error) => {
  if (error) throw error;
  console.log(`Listening on port ${port}`);
});
