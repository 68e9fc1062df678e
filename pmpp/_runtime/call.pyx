# cython: embedsignature=True
"""A call of a library function: its arrays are checked and brought to the device, its result is brought back."""

import numpy as np

from libc.stdint cimport uintptr_t

from pmpp._runtime cimport core
from pmpp._runtime.arrays cimport DeviceArray, in_c_order, new_array, stream_handle, upload
from pmpp._runtime import core
from pmpp._runtime.errors import raise_on


DTYPES = {
    "bool": 0, "int8": 1, "uint8": 2, "int16": 3, "uint16": 4, "int32": 5, "uint32": 6, "int64": 7, "uint64": 8,
    "float16": 9, "bfloat16": 10, "float32": 11, "float64": 12,
}
FLOATS = ("float32", "float64")

cdef dict _names = {}
cdef tuple _places = ("device", "host")


cdef str _name(object dtype):
    """Return dtype.name, which NumPy puts together anew at every call; swapped bytes have a name that no list contains."""
    name = _names.get(dtype)
    if name is None:
        name = _names[dtype] = dtype.name if dtype.isnative else f"{dtype.str} (swapped bytes)"
    return name


cdef class Call:
    """Checks arguments in the words of the public function, stages host arrays, knows where the result belongs.

    Parameters
    ----------
    function
        The public function's name, for messages.
    stream
        What the caller gave as ``stream=``.
    """

    def __init__(self, str function, object stream=None):
        self.function = function
        self.stream = stream_handle(stream)
        self.handle = <cudaStream_t>self.stream
        self._keep = stream
        self._on_host = -1
        self._inputs, self._results, self._scratch = [], [], []  # results: array, caller's out, where that lies on the host

    def input(self, str name, object array, object dtypes, object ndim=None, *, bint strided=False):
        """Check an input and return it on the device.

        Parameters
        ----------
        name
            The parameter's name, for messages.
        array
            What the caller gave.
        dtypes : sequence of str, or DeviceArray
            The dtypes that are accepted; an array stands for its own.
        ndim : int, optional
            The number of dimensions that is accepted, if not any.
        strided : bool
            Whether a transposed or sliced array is left as it lies: of the last two of its strides one is then the size of
            an element, the other at least the extent along it, and both and those of the other dimensions are multiples of that
            size. Otherwise, and where it lies in no such way, the result is in C order, a copy if need be.

        Raises
        ------
        TypeError
            If it is no array, its dtype is not among `dtypes`, or it lies elsewhere than the inputs before it.
        ValueError
            If it has another number of dimensions.
        """
        cdef object found = self._locate(name, array)
        cdef bint host = not isinstance(found, DeviceArray)
        cdef DeviceArray result
        self._check(name, found, dtypes, ndim)
        if self._on_host < 0:
            self._on_host, self._first = host, name
        elif self._on_host != host:
            raise TypeError(
                f"{name}: it lies in {_places[host]} memory, {self._first} in {_places[self._on_host]} memory; "
                f"bring both to one place (pmpp.DeviceArray.from_numpy, or .numpy())"
            )
        if host:
            result = self._stage(found) if strided else upload(found, self.stream, self._keep)
        else:
            self._uses(found)
            result = found
            if strided and not result.contiguous:
                steps = _matrix_strides(result.shape, result.strides, result.dtype.itemsize)
                if steps is not None:
                    result = DeviceArray.borrow(result.pointer, result.shape, result.dtype, result, steps)
                    self._inputs.append(result)
                    return result
            result = in_c_order(result, self.stream, self._keep)
        self._inputs.append(result)
        return result

    def _stage(self, found):
        """Upload a NumPy array as it lies, if a matrix may lie so and there is not much between its elements."""
        steps = _matrix_strides(found.shape, found.strides, found.itemsize)
        if steps is None or found.flags.c_contiguous:
            return upload(found, self.stream, self._keep)
        cdef Py_ssize_t nbytes = found.itemsize + sum((n - 1) * step for n, step in zip(found.shape, steps))
        if nbytes > 2 * found.nbytes:
            return upload(found, self.stream, self._keep)
        cdef core.Buffer buffer = core.Buffer(nbytes, self.stream, self._keep)
        core.copy_to_device(buffer.pointer, found.ctypes.data, nbytes, self.stream)
        return DeviceArray.borrow(buffer.pointer, found.shape, found.dtype, buffer, steps)

    def small_input(self, str name, object array, object dtypes, object ndim):
        """Check a small input that kernels take from host or device memory; return it in C order, as NumPy's or on the device."""
        found = self._locate(name, array)
        self._check(name, found, dtypes, ndim)
        if not isinstance(found, DeviceArray):
            return np.ascontiguousarray(found)
        self._uses(found)
        self._inputs.append(in_c_order(found, self.stream, self._keep))
        return self._inputs[-1]

    def output(self, object out, tuple shape, object dtype, *, bint in_place=False):
        """Return the array that the kernel writes: `out` itself if it is on the device, else a new one.

        Parameters
        ----------
        in_place
            Whether `out` may be one of the inputs.

        Raises
        ------
        TypeError, ValueError
            If `out` is not what the function would return, is read-only, or lies upon an input.
        """
        cdef DeviceArray result
        dtype = np.dtype(dtype)
        if out is None:
            result = new_array(shape, dtype, self.stream, self._keep)
            self._results.append((result, None, None))
            return result
        found = self._locate("out", out)
        cdef bint host = not isinstance(found, DeviceArray)
        if host != self._on_host:
            raise TypeError(f"out: it lies in {_places[host]} memory, {self._first} in {_places[self._on_host == 1]} memory")
        if found.dtype != dtype:
            raise TypeError(f"out: got dtype {_name(found.dtype)}; the result has {dtype}")
        if found.shape != shape:
            raise ValueError(f"out: got shape {found.shape}; the result has {shape}")
        if host:
            if not found.flags.writeable:
                raise ValueError("out: it is read-only")
            result = new_array(shape, dtype, self.stream, self._keep)
            self._results.append((result, out, found))
            return result
        result = found
        if not result.contiguous:
            raise ValueError("out: its elements do not lie in C order; an array in C order is accepted")
        self._uses(result)
        cdef DeviceArray other
        cdef uintptr_t first, end, other_first, other_end
        result.bounds(&first, &end)
        for other in self._inputs:
            other.bounds(&other_first, &other_end)
            if first < other_end and other_first < end and not (in_place and first == other_first and other.contiguous
                                                                and end == other_end):
                raise ValueError("out: it shares memory with an input; the kernel would overwrite what it still reads")
        self._results.append((result, out, None))
        return result

    def workspace(self, size_t nbytes):
        """Return the address of scratch memory that lives until the result is there; a `pmpp.Stream` keeps it for later calls."""
        cdef core.Buffer buffer = None
        cdef core.Stream stream
        if nbytes == 0:
            return 0
        if isinstance(self._keep, core.Stream):
            # Taken out while it is in use, so that another thread's call in the same stream gets memory of its own.
            stream = self._keep
            buffer, stream.scratch = stream.scratch, None
            if buffer is None or buffer.nbytes < nbytes:
                buffer = core.Buffer(nbytes, self.stream)
                buffer.bare = False  # the stream has it, or this call, which has the stream
        else:
            buffer = core.Buffer(nbytes, self.stream, self._keep)
        self._scratch.append(buffer)
        return buffer.pointer

    cdef void* space(self, size_t nbytes) except? NULL:
        """The workspace, as the C interface takes it."""
        return <void*><uintptr_t>self.workspace(nbytes)

    cdef const char* rung(self, object variant) except NULL:
        """A variant's name, as the C interface takes it; it lives as long as the call."""
        self._rung = str(variant).encode()
        return self._rung

    def constant(self, dict on_device, object array):
        """Return a small host array on the device.

        Parameters
        ----------
        on_device
            Where the caller keeps it for later calls, which then neither allocate nor wait.
        array
            What goes there at the first call.
        """
        cdef int device = core.current_device()
        cdef DeviceArray found = on_device.get(device)
        if found is None:
            found = DeviceArray.from_numpy(array)
            # Kept for long and by many: to remember their streams would keep these alive.
            found._buffer().shared = True
            on_device[device] = found
        return found

    def finish(self, int status, object variant, object accepted=(), str unsuitable=""):
        """Raise what the status says, or return the result where the inputs came from; several results as a tuple.

        Parameters
        ----------
        status
            What the C function returned.
        variant
            What was asked for.
        accepted
            The public function, or the names of its variants.
        unsuitable
            What to say if the variant cannot do this input.
        """
        if core.is_bare(self.stream, self._keep):
            self._leave()
        if status:
            raise_on(status, self.function, variant, variants(accepted) if callable(accepted) else accepted, unsuitable)
        cdef core.Stream stream
        if self._scratch and isinstance(self._keep, core.Stream):
            stream = self._keep
            # Held until it is replaced: while it is given back other threads run, and Cython before 3.3.1 gives the old
            # value of an attribute back before it stores the new one.
            _before = stream.scratch
            stream.scratch = max(self._scratch, key=lambda buffer: buffer.nbytes)
        if len(self._results) == 1:
            return self._bring(*self._results[0])
        return tuple(self._bring(*result) for result in self._results)

    cdef int _leave(self) except -1:
        """Let no memory depend on the caller's stream any more, which it may destroy when the call is over."""
        cdef uintptr_t home = core.leave(self.stream)
        cdef core.Buffer buffer
        for array in self._inputs + [result[0] for result in self._results]:
            buffer = (<DeviceArray>array)._buffer()
            if buffer is not None:
                buffer.left(self.stream, home)
        for buffer in self._scratch:
            buffer.left(self.stream, home)
        return 0

    def _bring(self, DeviceArray result, object out, object host_out):
        if self._on_host != 1:
            return result if out is None else out
        host = result.numpy(stream=self._keep)
        if host_out is None:
            return host
        host_out[...] = host
        return out

    cdef void _uses(self, DeviceArray array):
        """Tell the owner of the memory which stream works with it; of one that may not live, `_leave` does."""
        cdef core.Buffer buffer = array._buffer()
        if buffer is not None and not core.is_bare(self.stream, self._keep):
            buffer.used_in(self.stream, self._keep)

    cdef int _check(self, str name, object found, object dtypes, object ndim) except -1:
        cdef str got = _name(found.dtype)
        if isinstance(dtypes, DeviceArray):
            dtypes = (_name((<DeviceArray>dtypes).dtype),)
        if got not in dtypes:
            raise TypeError(f"{name}: got dtype {got}; {_listed(dtypes)} are accepted")
        if ndim is not None and len(found.shape) not in (ndim if isinstance(ndim, tuple) else (ndim,)):
            numbers = " or ".join(map(str, ndim)) if isinstance(ndim, tuple) else ndim
            raise ValueError(f"{name}: got {found.ndim} dimensions, shape {found.shape}; {numbers} are accepted")
        return 0

    cdef object _locate(self, str name, object array):
        """Return an array on the host as NumPy's, one on the device as a DeviceArray."""
        if isinstance(array, (DeviceArray, np.ndarray)):
            return array
        from cuda.core.utils import StridedMemoryView

        try:
            # -1: a foreign array's own stream is not waited for here; the caller's stream= orders the work.
            view = StridedMemoryView.from_any_interface(array, stream_ptr=-1)
        except (BufferError, TypeError, ValueError) as failure:
            hint = f"numpy.asarray({name}) makes one" if isinstance(array, (list, tuple, int, float)) else str(failure)
            raise TypeError(f"{name}: got {type(array).__name__}; an array is accepted ({hint})") from None
        if not view.is_device_accessible:
            return np.from_dlpack(array)
        strides = view.strides
        dtype = np.dtype(view.dtype)
        if strides is not None:
            strides = tuple(step * dtype.itemsize for step in strides)
        return DeviceArray.borrow(view.ptr, tuple(view.shape), dtype, array, strides)


cdef tuple _matrix_strides(tuple shape, tuple strides, Py_ssize_t itemsize):
    """Return the strides that `strided` promises, or None if the array lies otherwise; along a size of 1 any will do."""
    if len(shape) < 2:
        return None
    cdef Py_ssize_t rows = shape[-2], cols = shape[-1], row = strides[-2], col = strides[-1]
    if col == itemsize or cols == 1:
        col = itemsize
        if rows == 1:
            row = max(cols, 1) * itemsize
        if row < cols * itemsize:
            return None
    elif row == itemsize or rows == 1:
        row = itemsize
        if col < rows * itemsize:
            return None
    else:
        return None
    if any(step % itemsize or step < 0 for step in (*strides[:-2], row, col)):
        return None
    return (*strides[:-2], row, col)


def dtype_number(dtype):
    """Return the number of an element type in the C interface."""
    return DTYPES[_name(dtype)]


def _listed(names):
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


cdef class _Ladder:
    """A table of variants in the C library, by index."""

    cdef RungTable table

    def __call__(self, int i):
        cdef const pmpp_variant* rung = self.table(i)
        return (rung.name.decode(), rung.capability) if rung else None


cdef object ladder(RungTable table):
    """Return what :func:`with_variants` takes, for the C function that gives the variants."""
    cdef _Ladder found = _Ladder()
    found.table = table
    return found


def with_variants(names):
    """Decorate a public function with the table of its variants in the C library.

    Parameters
    ----------
    names
        Takes an index, returns the name and the compute capability of that rung, or None after the last.
    """

    def decorate(function):
        _ladders[function.__name__, function.__module__] = names
        return function

    return decorate


cdef dict _ladders = {}


def variants(function):
    """Return the variants of a function that the device in use can run, in the textbook's order, naive to best.

    Examples
    --------
    >>> import pmpp
    >>> from pmpp.vector import vector_add
    >>> pmpp.variants(vector_add)
    ('thread_per_element', 'grid_stride', 'vectorized')

    Raises
    ------
    TypeError
        If it is no function of pmpp with variants.
    """
    names = _ladders.get((getattr(function, "__name__", ""), getattr(function, "__module__", "")))
    if names is None:
        raise TypeError(f"function: got {function!r}; a function of pmpp that takes variant= is accepted")
    capability, found, index = core.capability(), [], 0
    while (rung := names(index)) is not None:
        index += 1
        if rung[1] <= capability:
            found.append(rung[0])
    return tuple(found)
