"""`pmpp profile --html` in a real browser: what the page says is what the JSON says, by mouse and by keyboard, at any width."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmpp import model
from pmpp.cli import profile, profile_page

NAME = "größe #1 & it's 100%41.cu"
SOURCE = r"""// </script><script>throw "ä 日本語 😀 \u2028"</script> <!-- <b>&amp;
#include <cstdio>
__global__ void transpose(float* out, const float* in, int n) {
    __shared__ float tile[32][32];
    const int x = blockIdx.x * 32 + threadIdx.x, y = blockIdx.y * 32 + threadIdx.y;
    tile[threadIdx.y][threadIdx.x] = in[y * n + x];
    __syncthreads();
    float value = tile[threadIdx.x][threadIdx.y];  // "'><img src=x onerror=alert(1)>
    out[x * n + y] = value;
}
__global__ void scale(float4* x, float by) {
    float4 v = x[threadIdx.x];
    if (blockIdx.x) by += 1;
    v.x *= by;
    x[threadIdx.x] = v;
}
__global__ void count(int* bins, const int* keys) { atomicAdd(&bins[keys[threadIdx.x] & 3], 1); }
int main() {
    const int n = 64;
    float *a, *b;
    cudaMalloc(&a, n * n * sizeof(float));
    cudaMalloc(&b, n * n * sizeof(float));
    cudaMemset(a, 0, n * n * sizeof(float));
    for (int k = 0; k < 3; ++k) transpose<<<dim3(n / 32, n / 32), dim3(32, 32)>>>(b, a, n);
    scale<<<1, 64>>>(reinterpret_cast<float4*>(b), 2.0f);
    count<<<1, 32>>>(reinterpret_cast<int*>(b), reinterpret_cast<int*>(a));
    return cudaDeviceSynchronize();
}
"""
LINES = {text.strip(): n for n, text in enumerate(SOURCE.splitlines(), 1)}


def line_of(text):
    return next(n for line, n in LINES.items() if text in line)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The page and the JSON of one run of the program."""
    folder = tmp_path_factory.mktemp("profiled")
    (folder / NAME).write_text(SOURCE)
    run = [sys.executable, "-c", "from pmpp.cli import main; main()", "profile", NAME, "--html", "page.html", "--json", "counts.json"]
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": root})
    assert done.returncode == 0, done.stderr
    assert "page.html shows it in a browser." in done.stderr
    return folder / "page.html", json.loads((folder / "counts.json").read_text())


def shown(page, where):
    """The counters in a part of the page."""
    found = page.eval_on_selector_all(f"{where} [data-counter]", "all => all.map(e => [e.dataset.counter, e.textContent])")
    return {name: int(text.replace(",", "")) for name, text in found}


def counted(counters):
    return {name: value for name, value in counters.items() if value}


def distinct(kernels):
    """The launches that the page has an entry for, with how many did the same."""
    return [dict(kernel, launches=times) for kernel, times in profile.launches(kernels)]


def test_the_page_says_what_the_json_says(made, opened):
    path, report = made
    kernels = distinct(report["kernels"])
    assert [(k["name"], k["launches"]) for k in kernels] == [("transpose", 3), ("scale", 1), ("count", 1)]
    with opened(path) as page:
        assert page.title() == f"Profile of {NAME}"
        text = page.eval_on_selector_all(".source-line .source-text", "all => all.map(e => e.textContent)")
        assert [line.strip() for line in text] == [line.strip() for line in SOURCE.splitlines()]
        for n, kernel in enumerate(kernels):
            page.click(f"[data-kernel='{n}']")
            assert shown(page, "[aria-label='counters']") == counted(kernel["counters"])
            time = page.inner_text("[aria-label='modelled time']")
            assert f"{kernel['modelled_time_us']:.1f} us modelled, bound by {kernel['bound_by']}" in time
            assert kernel["advice"] in time
            for part, us in kernel["bounds_us"].items():
                row = page.locator(f"[data-part='{part}']")
                assert row.count() == (us > 0)
                assert us == 0 or row.locator("xpath=following-sibling::*[2]").inner_text() == f"{us:,.2f} us"
            held = page.inner_text("[aria-label='occupancy']")
            assert f"Occupancy {100 * kernel['occupancy']:.0f}%" in held
            assert f"{kernel['warps_per_sm']} of 64 warps" in held
            assert ("Limited by " + " and ".join(kernel["limited_by"]) in held) == bool(kernel["limited_by"])
            assert f"{kernel['registers']} registers a thread" in held
            for line in kernel["lines"]:
                page.click(f"[data-line='{line['line']}']")
                assert page.inner_text("[aria-label='the line'] h2") == f"Line {line['line']}"
                assert shown(page, "[aria-label='the line']") == counted(line["counters"])
            for name in counted(kernel["counters"]):
                page.select_option("#heat", name)
                found = page.eval_on_selector_all(
                    "[data-heat]", "all => all.map(e => [e.closest('[data-line]').dataset.line, e.dataset.heat])"
                )
                expected = {(str(line["line"]), str(line["counters"][name])) for line in kernel["lines"] if line["counters"][name]}
                assert set(map(tuple, found)) == expected, name


def test_requests_are_those_of_the_kernels(made):
    """By hand: a warp of the transpose is a row of threads, y = 0; a column of the tile is one bank."""
    _, report = made
    kernel = report["kernels"][0]
    requests = {(r["line"], r["kind"], r["memory"]): r for r in kernel["requests"]}
    cost = {place: (r["worst"]["cost"], r["worst"]["needed"]) for place, r in requests.items()}
    assert cost == {
        (line_of("= in["), "load", "global"): (4, 4),
        (line_of("= in["), "store", "shared"): (1, 1),
        (line_of("float value"), "load", "shared"): (32, 1),
        (line_of("= value"), "store", "global"): (32, 4),
    }
    store = requests[line_of("= value"), "store", "global"]
    assert store["bytes"] == 4
    addresses = store["worst"]["addresses"]
    assert [address - addresses[0] for address in addresses] == [64 * 4 * lane for lane in range(32)]
    conflict = requests[line_of("float value"), "load", "shared"]["worst"]["addresses"]
    assert {address // 4 % 32 for address in conflict} == {conflict[0] // 4 % 32}
    (atomic,) = [r for r in report["kernels"][-1]["requests"] if r["kind"] == "atomic"]
    assert atomic["worst"]["cost"] == 32  # all keys are 0


def test_pictures_show_what_was_recorded(made, opened):
    path, report = made
    with opened(path) as page:
        for n, kernel in enumerate(distinct(report["kernels"])):
            page.click(f"[data-kernel='{n}']")
            for request in kernel["requests"]:
                page.click(f"[data-line='{request['line']}']")
                name = f"{request['kind']} {request['memory']} {request['bytes']}"
                picture = page.locator(f"[data-request='{name}']")
                worst = request["worst"]
                titles = picture.locator("title").all_text_contents()
                touched = {}
                for lane, address in enumerate(worst["addresses"]):
                    for word in range(address // 4, (address + request["bytes"] + 3) // 4) if address is not None else ():
                        touched.setdefault(word, []).append(lane)
                texts = [f"lane{'s' * (len(lanes) > 1)} {', '.join(map(str, lanes))}" for lanes in touched.values()]
                if request["memory"] == "global":
                    assert sorted(titles) == sorted(texts)
                    if request["kind"] != "atomic":
                        assert picture.locator(".word-frame").count() == worst["cost"]
                        assert picture.locator("svg .moved").count() == 8 * worst["cost"] - len(touched)
                else:
                    assert picture.locator(".word").count() == 32 * worst["cost"]
                    assert picture.locator("svg .turn").count() + picture.locator("svg .used").count() == len(titles) == len(touched)
                    assert (picture.locator("svg .turn").count() > 0) == (worst["cost"] > worst["needed"])
                bad = picture.locator(".verdict.bad").count()
                assert bad == (worst["cost"] > worst["needed"])


def test_everything_is_reached_by_keys(made, opened):
    path, report = made
    with opened(path) as page:
        focus = lambda: page.evaluate("document.activeElement.dataset.kernel ?? document.activeElement.dataset.line ?? document.activeElement.id")  # noqa: E731
        ringed = lambda: page.evaluate("getComputedStyle(document.activeElement).outlineStyle !== 'none'")  # noqa: E731
        page.keyboard.press("Tab")
        assert focus() == "0"
        assert ringed()
        page.keyboard.press("ArrowDown")
        assert focus() == "1"
        assert "scale, grid 1, block 64" in page.inner_text("#page")
        page.keyboard.press("Tab")
        assert focus() == "heat"
        assert ringed()
        page.keyboard.press("Tab")
        chosen = {str(line["line"]) for line in report["kernels"][3]["lines"]}
        assert focus() in chosen
        assert ringed()
        page.keyboard.press("Home")
        visited = [focus()]
        for _ in range(len(chosen) - 1):
            page.keyboard.press("ArrowDown")
            visited.append(focus())
            assert page.inner_text("[aria-label='the line'] h2") == f"Line {focus()}"
        assert visited == sorted(chosen, key=int)
        page.keyboard.press("End")
        assert focus() == visited[-1]
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        assert focus() == "1"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "desktop"])
def test_it_fits_and_can_be_read(made, opened, sideways, faint, size, scheme):
    path, _ = made
    with opened(path, size, scheme) as page:
        for kernel in range(3):
            page.click(f"[data-kernel='{kernel}']")
            assert (sideways(page), faint(page)) == (0, [])
        page.click("[data-kernel='0']")
        for text in ("= in[", "float value", "= value"):
            page.click(f"[data-line='{line_of(text)}']")
            assert (sideways(page), faint(page)) == (0, []), text


def test_without_a_time_and_without_kernels_the_page_says_so(made, opened, tmp_path):
    _, report = made
    fields = {"file", "line", "counters", "lines", "name", "symbol", "grid", "block", "dynamic_shared", "module", "pipes", "requests"}
    bare = {name: value for name, value in report["kernels"][1].items() if name in fields}
    gpu = profile.described(model.device("t4"))
    profile_page.write(tmp_path / "bare.html", Path("x.cu"), [(bare, 1)], gpu, "ptxas says <no>.")
    with opened(tmp_path / "bare.html") as page:
        assert "No time is modelled: ptxas says <no>." in page.inner_text("body")
        assert page.locator("[aria-label='modelled time']").count() == 0
        assert shown(page, "[aria-label='counters']") == counted(bare["counters"])
    profile_page.write(tmp_path / "none.html", Path("x.cu"), [], gpu, "")
    with opened(tmp_path / "none.html") as page:
        assert "No kernel was launched." in page.inner_text("body")


def test_of_a_long_file_the_page_has_what_was_counted(tmp_path):
    long = tmp_path / "long.cu"
    long.write_text("".join(f"// line {n}\n" for n in range(1, 5001)))
    source = profile_page._source(str(long), {0, 3, 2500, 9999})
    near = profile_page.AROUND
    expected = [0, *range(1, 3 + near + 1), *range(2500 - near, 2500 + near + 1), 9999]
    assert [line["number"] for line in source["lines"]] == expected
    assert {line["number"]: line["text"] for line in source["lines"]} == {
        0: profile_page.NOWHERE, 9999: "", **{n: f"// line {n}" for n in expected[1:-1]}
    }  # fmt: skip
