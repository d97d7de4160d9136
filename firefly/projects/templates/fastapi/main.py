from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

HERE = Path(__file__).parent

app = FastAPI(title="Hello, FastAPI")
app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")


@app.get("/", include_in_schema=False)
def index() -> FileResponse:
    return FileResponse(HERE / "static" / "index.html")


@app.get("/api/time")
def time() -> dict[str, str]:
    return {"time": datetime.now(UTC).isoformat()}


@app.websocket("/ws")
async def echo(socket: WebSocket) -> None:
    """Whatever comes goes back."""
    await socket.accept()
    try:
        while True:
            await socket.send_text(await socket.receive_text())
    except WebSocketDisconnect:
        pass
