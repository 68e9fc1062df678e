"""A form that the software GPU does not know is an error when the program is loaded, and the error says what and where."""

import pytest
from gpu import CudaError

STATEMENTS = """
frobnicate.u32 %r1, %r2
add.frob.u32 %r1, %r2, %r3
add.rn.u32 %r1, %r2, %r3
mul.u32 %r1, %r2, %r3
fma.f32 %f1, %f2, %f3
cvt.frob.u32.f32 %r1, %f1
cvt.u32.f32.f32 %r1, %f1
setp.frob.u32 %p1, %r1, %r2
set.eq.u32 %r1, %r2, %r3
vadd5.u32.u32.u32 %r1, %r2, %r3, %r4
prmt.b32.frob %r1, %r2, %r3, %r4
mov.frob %r1, %r2
ld.global.frob.u32 %r1, [%rd1]
ld.global.v3.u32 {%r1, %r2, %r3}, [%rd1]
st.global.frob.u32 [%rd1], %r1
st.const.u32 [%rd1], %r1
atom.global.frob.u32 %r1, [%rd1], %r2
atom.global.inc.u64 %rd2, [%rd1], %rd3
red.local.add.u32 [%rd1], %r2
cvta.frob.u64 %rd1, %rd2
isspacep.frob %p1, %rd2
shfl.sync.frob.b32 %r1, %r2, 1, 31, -1
shfl.up.b32 %r1, %r2, 1, 31
vote.sync.frob.pred %p1, %p2, -1
match.some.sync.b64 %r1, %rd2, -1
redux.sync.mul.u32 %r1, %r2, -1
bar.frob 0
barrier.cluster.frob
barrier.cluster.aligned
fence.frob
membar.frob
nanosleep.frob %r1
ret.frob
exit.frob
trap.frob
activemask.frob.b32 %r1
cp.async.frob.shared.global [%r1], [%rd1], 4
cp.async.cg.shared.global [%r1], [%rd1], 8
cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%rd1, {%r2, %r3}], [%r4]
mbarrier.frob.shared.b64 [%r1]
mbarrier.arrive.frob.b64 %rd1, [%r1]
mma.sync.aligned.m16n8k9.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2}, {%r3}, {%f1, %f2, %f3, %f4}
wgmma.fence.sync.aligned
ldmatrix.sync.aligned.m8n8.x3.shared.b16 {%r1, %r2, %r3}, [%r4]
tex.4d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%rd1, {%f1, %f2, %f3, %f4}]
tld4.r.3d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%rd1, {%f1, %f2, %f3, %f4}]
tex.2d.v4.f32.f32 {%f1, %f2, %f3, %f4}, [%rd1, {%f1, %f2}], {%r1, %r2}
suld.b.cube.b32.trap %r1, [%rd1, {%r2, %r3}]
suld.p.2d.b32.trap %r1, [%rd1, {%r2, %r3}]
sust.b.2d.v4.b64.trap [%rd1, {%r2, %r3}], {%rd1, %rd2, %rd3, %rd1}
sust.b.2d.b32.trap [%rd1, {%r2}], %r3
sured.b.xor.2d.b32.trap [%rd1, {%r2, %r3}], %r1
sured.b.add.2d.b32.trap [%rd1, {%r2, %r3}], %r1
sured.b.add.2d.s64.trap [%rd1, {%r2, %r3}], %rd1
sured.b.add.a1d.u32.trap [%rd1, {%r2, %r3}], %r1
txq.width.b32 %r1, [%rd1]
brx.idx %r1, NOWHERE
call nobody
mov.u32 %r1, %nosuchregister
mov.u32 %r1, nothing
"""
MODULE = """
.version 9.0
.target sm_90
.address_size 64
.visible .entry kernel()
{
.reg .pred %p<4>; .reg .b32 %r<8>; .reg .b64 %rd<8>; .reg .f32 %f<8>;
.loc 1 77 5
STATEMENT;
ret;
}
.file 1 "folder/frob.cu"
"""


@pytest.mark.parametrize("statement", STATEMENTS.strip().split("\n"))
def test_refused_with_its_place(gpu, statement):
    with pytest.raises(CudaError) as refused:
        gpu.load(MODULE.replace("STATEMENT", statement))
    assert refused.value.code == 218
    line = MODULE[: MODULE.index("STATEMENT")].count("\n") + 1
    message = refused.value.message
    if "PTX line" in message:  # the lowering refuses it
        for part in (statement.split()[0], f"PTX line {line}", "frob.cu:77", "kernel"):
            assert part in message
    else:  # the parser, which knows no meaning but all names
        assert f"line {line}" in message
        assert statement.split()[-1] in message


def test_a_form_that_is_never_reached_is_refused_too(gpu):
    with pytest.raises(CudaError) as refused:
        gpu.load(MODULE.replace("STATEMENT", "bra.uni END;\nfrob.u32 %r1;\nEND:\nmov.u32 %r1, 0"))
    assert "frob.u32" in refused.value.message
