#!/usr/bin/env bash
# Everything that only a GPU can tell, in one command: builds, tests, checks with compute-sanitizer, compares the GPU with the
# software GPU bit for bit, measures, and writes benchmarks/results/<gpu>/. Under ten minutes, without a network.
#
#     benchmarks/gpu.sh              on a machine with an NVIDIA GPU
#     benchmarks/gpu.sh STEP...      only these steps: build calls sanitizers tests measurements counters exercises
#     benchmarks/gpu.sh --dry-run    the same on the software GPU, with small sizes: does the script itself work?
#
# Needs Python with Cython, setuptools, NumPy, pytest and cuda-core, and nvcc 13; PyTorch, CuPy and Numba are peers where they
# are installed, and so is Nsight Compute (ncu) for the counters. PMPP_RESULTS names another folder for the results. What fails is
# reported at the end, and the rest runs.
set -uo pipefail

cd "$(dirname "$0")/.."
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}
python=${PYTHON:-python3}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
dry= size= sizes=
if [ "${1:-}" = --dry-run ]; then
    shift
    dry=1 size=4096 sizes=33
    export PMPP_RESULTS=${PMPP_RESULTS:-$scratch/results}
fi
steps=" ${*:-build calls sanitizers tests measurements counters exercises} "
export PMPP_DEVICE=${dry:+sim}
export PMPP_DEVICE=${PMPP_DEVICE:-cuda}
failed=()
wanted() { [[ $steps == *" $1 "* ]]; }
say() { printf '\n== %s (after %d s)\n' "$*" "$SECONDS"; }
step() {  # step NAME SECONDS COMMAND...
    local name=$1 limit=$2
    shift 2
    say "$name"
    timeout --kill-after=10 "$limit" "$@" || { failed+=("$name (exit code $?)"); return 1; }
}
tests() {  # tests NAME SECONDS ARGUMENT...: pytest; what it prints is kept, and its last line shown
    local name=$1 limit=$2
    shift 2
    step "$name" "$limit" "$python" -m pytest -q -rfEs --tb=short -p no:cacheprovider -p no:benchmark --continue-on-collection-errors "$@" \
        >"$results/$name.txt" 2>&1
    say "$name: $(tail -n 1 "$results/$name.txt")"
}

if [ -z "$dry" ] && wanted build; then
    capability=$("$python" -c 'from cuda.core import Device; c = Device(0).compute_capability; print(f"{c.major}{c.minor}")') || exit
    PMPP_CUDA_ARCHS=$capability step build 240 "$python" -m build_support || exit
fi
gpu=$("$python" -c 'from pmpp._runtime.device import choose; g = choose().gpu; print("-".join((g.name if g else "software GPU").lower().split()))') || exit
results=${PMPP_RESULTS:-benchmarks/results/${gpu#nvidia-}}
mkdir -p "$results"

if wanted calls; then
    say "what every variant gives, on both devices at the same time"
    PMPP_DEVICE=sim "$python" benchmarks/gpu.py calls "$scratch/sim.npz" $sizes &
    step "calls" 120 "$python" benchmarks/gpu.py calls "$scratch/device.npz" $sizes
    wait $! || failed+=("calls on the software GPU")
    step "bit for bit" 60 "$python" benchmarks/gpu.py compare "$scratch/sim.npz" "$scratch/device.npz" >"$scratch/compared"
    sed '/^$/d; /^==/d' "$scratch/compared" | tee "$results/compared.txt"
fi

# The tools run side by side, and beside the tests: none of them is timed.
sanitizers=()
for tool in memcheck racecheck initcheck synccheck; do
    wanted sanitizers || break
    if [ -n "$dry" ]; then
        check=("$python")  # without the tool
    else
        # Libraries ask the driver for functions that it does not have, and live with the answer: that is no error of ours.
        check=(compute-sanitizer --tool "$tool" --report-api-errors no --error-exitcode 9 --log-file "$results/$tool.txt" "$python")
    fi
    timeout --kill-after=10 200 "${check[@]}" benchmarks/gpu.py calls "$scratch/$tool.npz" $sizes >"$scratch/$tool.out" 2>&1 &
    sanitizers+=("$tool:$!")
    if [ -n "$dry" ]; then break; fi
done
if wanted tests && [ -n "$dry" ]; then
    tests tests 60 tests/_runtime/test_errors.py
elif wanted tests; then
    # Of the software GPU's tests those that a GPU can be asked as well: what each opcode and each program has to give.
    tests opcodes 200 -n 4 tests/simt/ops
    tests programs 200 -n 8 tests/simt/programs/test_programs.py tests/simt/features
    # Of tests/performance only what makes CUDA graphs: the rest counts on the software GPU. tests/cli needs an installed pmpp.
    tests tests 240 -n 8 --dist loadfile tests --ignore=tests/simt --ignore=tests/testing --ignore=tests/build_support \
        --ignore=tests/cli --ignore=tests/pages '--ignore-glob=*/performance/test_[!h]*'
fi
for entry in "${sanitizers[@]}"; do
    wait "${entry#*:}" || { failed+=("${entry%%:*}"); tail -n 20 "$scratch/${entry%%:*}.out"; }
done

if wanted measurements; then
    step measurements 240 "$python" benchmarks/gpu.py measure "$results" $size
    if [ -z "$dry" ]; then step "beside the model" 120 "$python" benchmarks/modelled.py "$results"; fi
    if [ -z "${PMPP_RESULTS:-}" ]; then step page 30 "$python" docs/performance.py; fi
fi
if wanted counters && { [ -n "$dry" ] || command -v ncu >/dev/null; }; then
    step counters 120 "$python" benchmarks/counted.py "$results" ${dry:+--ours}
    if [ -z "${PMPP_RESULTS:-}" ]; then step "page of counters" 30 "$python" docs/counters.py; fi
fi
if wanted exercises && [ -z "$dry" ]; then tests exercises 200 -n 8 exercises --solutions; fi

say "results are in $results"
if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}"
    exit 1
fi
echo "every step went well"
