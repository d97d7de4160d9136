"""What the cache serves to those who mean a public registry, asked as hostile code in a sandbox might ask."""

import json
import ssl
from collections.abc import AsyncIterator
from tempfile import NamedTemporaryFile

import aiohttp
import pytest
from yarl import URL

from firefly.packages import Upstreams, asked, papers, release
from firefly.packages.asked import File, Kind, Package, Page, Release, Tarball, Told
from firefly.protocol.packages import Papers

from .conftest import Ground

INDEX = {"Accept": "application/vnd.pypi.simple.v1+json"}
NPM, YARN = {"Host": "registry.npmjs.org"}, {"Host": "registry.yarnpkg.com"}
PYPI, FILES = {"Host": "pypi.org"}, {"Host": "files.pythonhosted.org"}
TARBALL = "/@ada/engine/-/engine-1.0.0.tgz"


@pytest.fixture
async def client(ground: Ground) -> AsyncIterator[aiohttp.ClientSession]:
    async with ground.client() as session:
        yield session


async def test_npms_registry_is_known_by_both_of_its_names(ground: Ground, client: aiohttp.ClientSession) -> None:
    ground.upstream.add_package("@ada/engine", "1.0.0")
    for path in ("/@ada%2fengine", "/@ada/engine/1.0.0"):
        async with client.get(URL(f"http://packages{path}", encoded=True), headers=NPM) as response:
            said = await response.text()
        assert f"https://registry.npmjs.org{TARBALL}" in said
        assert ground.upstream.url not in said
    for host in (NPM, YARN):
        async with client.get(TARBALL, headers={**host, "Authorization": "Bearer secret"}) as response:
            assert await response.read() == ground.upstream.files[f"/npm{TARBALL}"]
    assert ground.upstream.fetched(".tgz") == 1
    assert "secret" not in str(ground.upstream.headers)


async def test_pages_name_files_where_they_are_and_files_come_from_there(
    ground: Ground, client: aiohttp.ClientSession
) -> None:
    name = ground.upstream.add_wheel("engine", "1.4")
    async with client.get("/simple/engine/", headers=PYPI | INDEX) as response:
        page = json.loads(await response.read())
    assert page["files"][0]["url"] == f"{ground.upstream.url}/files/{name}"
    async with client.get("/pypi/engine/1.4/json", headers=PYPI) as response:
        told = json.loads(await response.read())
    assert (told["urls"][0]["url"], told["info"]["requires_dist"]) == (page["files"][0]["url"], None)
    await ground.server.close()
    async with client.get("/pypi/engine/1.5/json", headers=PYPI) as response:
        assert response.status == 404


async def test_files_are_found_by_their_names_and_hold_while_the_index_is_away(
    ground: Ground, client: aiohttp.ClientSession
) -> None:
    name = ground.upstream.add_wheel("engine", "1.4")
    for number in range(2):
        async with client.get(f"/packages/aa/bb/cc/{name}", headers=FILES) as response:
            assert await response.read() == ground.upstream.files[f"/files/{name}"]
        if number == 0:
            await ground.server.close()
    assert ground.upstream.fetched(name) == 1
    async with client.get("/packages/aa/bb/cc/engine-1.5-py3-none-any.whl", headers=FILES) as response:
        assert response.status == 404


async def test_what_can_be_read_and_is_not_kept_is_passed_on(ground: Ground, client: aiohttp.ClientSession) -> None:
    ground.upstream.files["/npm/-/package/engine/dist-tags"] = b'{"latest": "1.0.0"}'
    async with client.get("/-/package/engine/dist-tags?x=1", headers={**NPM, "Cookie": "secret"}) as response:
        assert (response.status, await response.read()) == (200, b'{"latest": "1.0.0"}')
    assert "secret" not in str(ground.upstream.headers)
    await ground.server.close()
    async with client.get("/-/package/engine/dist-tags", headers=NPM) as response:
        assert response.status == 502


@pytest.mark.parametrize("host", [NPM, PYPI, FILES], ids=str)
@pytest.mark.parametrize(
    "path",
    [
        "/../secret",
        "/%2e%2e/secret",
        "/simple/../../secret",
        "/a/..%2Fsecret",
        "/..;/secret",
        "/simple/%2e%2e;a/secret",
        "/%252e%252e/secret",
        "/..%5Csecret",
    ],
)
async def test_nothing_beside_a_registry_is_asked_for(
    ground: Ground, client: aiohttp.ClientSession, host: dict[str, str], path: str
) -> None:
    async with client.get(URL(f"http://packages{path}", encoded=True), headers=host, allow_redirects=False) as response:
        assert response.status == 404
    async with client.post("/engine", headers=host, data=b"poison") as response:
        assert response.status == 405
    assert ground.upstream.asked == []


async def test_other_hosts_are_not_asked_for_anybody(ground: Ground, client: aiohttp.ClientSession) -> None:
    for host in ("169.254.169.254", "registry.npmjs.org.example", "files.example"):
        async with client.get("/latest", headers={"Host": host}, allow_redirects=False) as response:
            assert response.status in {307, 404}
    assert ground.upstream.asked == []


def test_papers_are_good_for_public_registries_alone_and_never_twice_the_same() -> None:
    one, other = papers.make(["pypi.org"]), papers.make(["pypi.org"])
    assert one.key != other.key
    assert _shakes_hands(one, one.authority, "pypi.org")
    assert not _shakes_hands(one, other.authority, "pypi.org")
    assert not _shakes_hands(one, one.authority, "bank.example")


def _shakes_hands(own: Papers, authority: str, host: str) -> bool:
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cadata=authority)
    with NamedTemporaryFile("w") as file:
        file.write(own.certificate + own.key)
        file.flush()
        server.load_cert_chain(file.name)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(there, back, server_side=True),
        client.wrap_bio(back, there, server_hostname=host),
    ]
    done = set()
    for _ in range(6):
        for end in reversed(ends):
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError:
                return False
    return len(done) == 2


@pytest.mark.parametrize(
    ("kind", "path", "meant"),
    [
        (Kind.REGISTRY, "/engine", Package("engine")),
        (Kind.REGISTRY, "/@ada/engine/next", Release("@ada/engine", "next")),
        (Kind.REGISTRY, "/@ada/engine/-/engine-1.0.0-rc.1.tgz", Tarball("@ada/engine", "engine", "1.0.0-rc.1")),
        (Kind.REGISTRY, "/-/whoami", None),
        (Kind.INDEX, "/simple/my-engine/", Page("my-engine")),
        (Kind.INDEX, "/pypi/my-engine/1.0/json", Told("my-engine", "1.0")),
        (Kind.INDEX, "/simple/", None),
        (Kind.FILES, "/packages/1/My_Engine-1.0-py3-none-any.whl", File("my-engine", "My_Engine-1.0-py3-none-any.whl")),
        (Kind.FILES, "/packages/1/my-engine-1.0.tar.gz", File("my-engine", "my-engine-1.0.tar.gz")),
        (Kind.FILES, "/packages/1/a-1-cp1-none-any.whl.metadata", File("a", "a-1-cp1-none-any.whl.metadata")),
        (Kind.FILES, "/packages/1/readme.txt", None),
    ],
)
def test_what_is_meant_at_a_public_registry(kind: Kind, path: str, meant: object) -> None:
    assert asked.by_host(kind, path) == meant


def test_an_operators_index_serves_its_files_and_nothing_else_by_its_host() -> None:
    own = Upstreams(python="https://index.example/root/simple/")
    assert asked.hosts(own) == {
        "index.example": Kind.FILES,
        "pypi.org": Kind.INDEX,
        "files.pythonhosted.org": Kind.FILES,
    }
    assert asked.public(Kind.FILES, "index.example", "/private/secret.whl", own) == ""
    public = Upstreams(python=asked.PUBLIC_INDEX)
    assert asked.public(Kind.FILES, "files.pythonhosted.org", "/x", public) == "https://files.pythonhosted.org/x"
    assert asked.hosts(Upstreams()) == {}


@pytest.mark.parametrize(
    ("name", "version", "found"),
    [
        ("my_engine-1.0rc1-py3-none-any.whl", "1.0.rc1", True),
        ("My.Engine-1.0rc1.tar.gz", "1.0rc1", True),
        ("my_engine-1.0-1-py3-none-any.whl", "1.0", True),
        ("my_engine-1.01-py3-none-any.whl", "1.1", True),
        ("my_engine-1.0.1.tar.gz", "1.0", False),
        ("my_engine_more-1.0.tar.gz", "1.0", False),
        ("readme.txt", "1.0", False),
    ],
)
def test_which_files_belong_to_a_release(name: str, version: str, found: bool) -> None:
    page = {
        "files": [{"filename": name, "url": "https://files.example/f", "hashes": {"sha256": "ab"}, "yanked": "bad"}]
    }
    told = release.tell(json.dumps(page).encode(), "my-engine", version)
    assert bool(told) == found
    if found:
        assert json.loads(told)["info"]["yanked_reason"] == "bad"
