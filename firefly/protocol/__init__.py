"""What the bridge and its clients say to each other: messages, errors, binary frames, and the schema of firefly.yml."""

VERSION = 1
SUBPROTOCOL = "firefly.bridge.v1"
MEMBER_HEADER = "X-Firefly-Member"
# Bytes of one message of the WebSocket side, and of a body that is not streamed.
MAX_MESSAGE = 16 << 20
