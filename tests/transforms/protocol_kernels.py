# SPDX-License-Identifier: Apache-2.0
"""Python kernels that break a protocol, and kernels that look as if they did.

In a wrong kernel the line of the error ends in `# here`, and each line that the error must point at as well in `# other`.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Wrong:
    """A kernel (parts of `tests.frontend.programs.program`) that is refused with `message`."""

    name: str
    message: str
    parts: dict[str, str] = field(default_factory=dict)


def wrong(name: str, message: str, **parts: str) -> Wrong:
    return Wrong(name, message, parts)


NO_THREAD = "pass"

WRONG = [
    wrong(
        "pop without wait",
        "pop() without wait(): this thread holds no block of the buffer",
        compute="a_cb.pop()  # here",
    ),
    wrong(
        "pop without wait on one path",
        "this block is held on one side of the 'if' only",
        compute="""
            if x == 0:  # other
                block = a_cb.wait()  # here
            with out_cb.reserve() as r:
                r.store(ttl.math.fill(1.0))
            a_cb.pop()
        """,
    ),
    wrong(
        "second pop in a loop",
        "the loop releases a block that was acquired before it: the second turn would release it again",
        compute="""
            block = a_cb.wait()  # other
            for i in range(4):  # here
                with out_cb.reserve() as r:
                    r.store(block)
                a_cb.pop()
        """,
    ),
    wrong(
        "push without reserve",
        "push() without reserve(): this thread holds no block of the buffer",
        read="a_cb.push()  # here",
    ),
    wrong(
        "push without reserve behind an if",
        "push() without reserve(): this thread holds no block of the buffer",
        read="""
            if x > 0:
                if y > 0:
                    block = a_cb.reserve()
                    ttl.copy(a[0, 0], block)
                    block.push()
            a_cb.push()  # here
        """,
    ),
    wrong(
        "missing pop at the end of a loop",
        "the block acquired by wait() is not released at the end of the loop body",
        compute="""
            for i in range(4):
                block = a_cb.wait()  # here
                with out_cb.reserve() as r:
                    r.store(block)
        """,
    ),
    wrong(
        "missing push at the end of the thread",
        "the block acquired by reserve() is not released before the thread ends",
        read="""
            block = a_cb.reserve()  # here
            ttl.copy(a[0, 0], block)
        """,
    ),
    wrong(
        "missing pop on an early return",
        "this block is held on one side of the 'if' only",
        compute="""
            block = a_cb.wait()  # here
            if x == 1:
                return
            with out_cb.reserve() as r:
                r.store(block)
            a_cb.pop()  # other
        """,
    ),
    wrong(
        "missing pop on break",
        "this block is held on one side of the 'if' only",
        compute="""
            for i in range(4):
                block = a_cb.wait()  # here
                if i == x:
                    break
                with out_cb.reserve() as r:
                    r.store(block)
                a_cb.pop()  # other
        """,
    ),
    wrong(
        "missing pop on continue",
        "this block is held on one side of the 'if' only",
        compute="""
            for i in range(4):
                block = a_cb.wait()  # here
                if i == x:
                    continue
                with out_cb.reserve() as r:
                    r.store(block)
                a_cb.pop()  # other
        """,
    ),
    wrong(
        "missing push in a while loop",
        "the block acquired by reserve() is not released at the end of the loop body",
        read="""
            n = 0
            while n < 4:
                block = a_cb.reserve()  # here
                ttl.copy(a[0, 0], block)
                n += 1
        """,
    ),
    wrong(
        "use after pop",
        "a block is used after its release",
        compute="""
            block = a_cb.wait()
            a_cb.pop()  # other
            with out_cb.reserve() as r:
                r.store(block)  # here
        """,
    ),
    wrong(
        "use after push",
        "a block is used after its release",
        read="""
            block = a_cb.reserve()
            ttl.copy(a[0, 0], block)
            block.push()  # other
            ttl.copy(a[1, 0], block)  # here
        """,
    ),
    wrong(
        "two producers",
        "circular buffer 'a_cb' has two producers: two threads call reserve() on it",
        kernel="a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))  # other",
        read="with a_cb.reserve() as block:  # other\n    ttl.copy(a[0, 0], block)",
        write="""
            with a_cb.reserve() as block:  # here
                ttl.copy(a[0, 0], block)
            with out_cb.wait() as block:
                ttl.copy(block, out[0, 0])
        """,
    ),
    wrong(
        "two consumers, one under an if in a loop",
        "circular buffer 'a_cb' has two consumers: two threads call wait() on it",
        kernel="a_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))  # other",
        compute="with a_cb.wait() as block, out_cb.reserve() as r:  # other\n    r.store(block)",
        write="""
            for i in range(4):
                if x == 0:
                    with a_cb.wait() as block:  # here
                        ttl.copy(block, out[0, 0])
            with out_cb.wait() as block:
                ttl.copy(block, out[0, 0])
        """,
    ),
    wrong(
        "waited for and never produced",
        "circular buffer 'b_cb' is waited for, but no thread produces it",
        kernel="b_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))  # other",
        compute="""
            with a_cb.wait() as block, b_cb.wait() as other, out_cb.reserve() as r:  # here
                r.store(block + other)
        """,
    ),
    wrong(
        "produced and never consumed",
        "circular buffer 'b_cb' is filled, but no thread consumes it",
        kernel="b_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))  # other",
        read="""
            with a_cb.reserve() as block, b_cb.reserve() as other:  # here
                ttl.copy(a[0, 0], block)
                ttl.copy(a[1, 0], other)
        """,
    ),
    wrong(
        "produced on no path",
        "circular buffer 'a_cb' is waited for, but no thread produces it",
        compute="with a_cb.wait() as block, out_cb.reserve() as r:  # here\n    r.store(block)",
        read="""
            if x > 5:
                with a_cb.reserve() as block:
                    ttl.copy(a[0, 0], block)
        """,
    ),
    wrong(
        "fewer blocks than are waited for",
        "deadlock: thread 'compute' on core (0, 0) waits for a block of 'a_cb', which nothing will end",
        compute="""
            for i in range(5):
                with a_cb.wait() as block, out_cb.reserve() as r:  # here
                    r.store(block)
        """,
        read="""
            for i in range(4):
                with a_cb.reserve() as block:
                    ttl.copy(a[0, 0], block)
        """,
        write="""
            for i in range(5):
                with out_cb.wait() as block:
                    ttl.copy(block, out[0, 0])
        """,
    ),
    wrong(
        "more blocks than are taken",
        "deadlock: thread 'read' on core (0, 0) waits for room in 'a_cb', which nothing will end",
        read="""
            for i in range(4):
                with a_cb.reserve() as block:  # here
                    ttl.copy(a[0, 0], block)
        """,
    ),
    wrong(
        "block shapes of an addition",
        "a block of 1x1 tiles cannot hold a value of 2x3 tiles",
        kernel="""
            a_cb = ttl.make_circular_buffer_like(a, shape=(2, 3))
        """,
        compute="with a_cb.wait() as block, out_cb.reserve() as r:\n    r.store(block)  # here",
        read="with a_cb.reserve() as block:\n    ttl.copy(a[0:2, 0:3], block)",
    ),
    wrong(
        "slice and block of different shapes",
        "a slice of 2x1 of tensor 'a' does not match a block of 1x1 tiles",
        read="with a_cb.reserve() as block:\n    ttl.copy(a[0:2, 0], block)  # here",
    ),
    wrong(
        "loops beyond the tensor",
        "slice 3:6 is out of range: tensor 'a' has 4 tiles along dimension 0",
        kernel="a_cb = ttl.make_circular_buffer_like(a, shape=(3, 1))",
        read="""
            for i in range(2):
                with a_cb.reserve() as block:
                    ttl.copy(a[3 * i : 3 * i + 3, 0], block)  # here
        """,
        compute="""
            for i in range(2):
                with a_cb.wait() as block:
                    pass
            with out_cb.reserve() as r:
                r.store(ttl.math.fill(1.0))
        """,
    ),
    wrong(
        "a pipe that nobody receives from",
        "a block is sent into this pipe, but no thread receives from it",
        kernel="net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(1, 0))])  # other",
        read="""
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block).wait()
                def send(pipe):
                    ttl.copy(block, pipe)  # here
                net.if_src(send)
        """,
    ),
    wrong(
        "a pipe that nobody sends into",
        "a block is received from this pipe, but no thread sends into it",
        kernel="net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(1, 0))])  # other",
        read="""
            with a_cb.reserve() as block:
                def receive(pipe):
                    ttl.copy(pipe, block)  # here
                net.if_dst(receive)
        """,
    ),
    wrong(
        "a pipe that fewer blocks are sent into",
        "deadlock: thread 'read' on core (1, 0)",
        kernel="net = ttl.PipeNet([ttl.Pipe(src=(0, 0), dst=(1, 0))])",
        compute="""
            for i in range(2):
                with a_cb.wait() as block, out_cb.reserve() as r:
                    r.store(block)
        """,
        read="""
            for i in range(2):
                with a_cb.reserve() as block:
                    def send(pipe):
                        ttl.copy(a[0, 0], block).wait()
                        if i == 0:
                            ttl.copy(block, pipe)
                    def receive(pipe):
                        ttl.copy(pipe, block).wait()  # here
                    net.if_src(send)
                    net.if_dst(receive)
                    if y == 1:
                        ttl.copy(a[0, 0], block).wait()
        """,
        write="""
            for i in range(2):
                with out_cb.wait() as block:
                    ttl.copy(block, out[0, 0])
        """,
    ),
    wrong(
        "a semaphore that is never raised",
        "this waits until semaphore 's' is 1, which nothing ever makes it",
        kernel="s = ttl.Semaphore()  # other",
        read="s.wait_eq(1)  # here\nwith a_cb.reserve() as block:\n    ttl.copy(a[0, 0], block)",
    ),
    wrong(
        "a semaphore that is raised to another value",
        "this waits until semaphore 's' is 3, which nothing ever makes it",
        kernel="s = ttl.Semaphore()  # other",
        read="s.wait_eq(3)  # here\nwith a_cb.reserve() as block:\n    ttl.copy(a[0, 0], block)",
        write="s.set(2)  # other\nwith out_cb.wait() as block:\n    ttl.copy(block, out[0, 0])",
    ),
    wrong(
        "a semaphore that is raised too seldom",
        "waits for semaphore 's', which nothing will end",
        kernel="s = ttl.Semaphore()",
        read="s.wait_ge(4)  # here\nwith a_cb.reserve() as block:\n    ttl.copy(a[0, 0], block)",
        write="""
            if x == 1 and y == 1:
                for i in range(3):
                    s.get_remote((0, 0)).inc()
            with out_cb.wait() as block:
                ttl.copy(block, out[0, 0])
        """,
    ),
    wrong(
        "a semaphore that only the waiting thread raises",
        "deadlock: thread 'read' on core (0, 0) waits for semaphore 's'",
        kernel="s = ttl.Semaphore()",
        read="""
            s.wait_eq(1)  # here
            s.set(1)
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
        """,
    ),
    wrong(
        "two threads that wait for each other",
        "in a circle of waits",
        kernel="""
            b_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
        """,
        compute="""
            with a_cb.wait() as block:  # here
                with b_cb.reserve() as r:
                    r.store(block)
            with out_cb.reserve() as r:
                r.store(ttl.math.fill(1.0))
        """,
        read="""
            with b_cb.wait() as block:  # other
                pass
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
        """,
    ),
    wrong(
        "a buffer too small for the protocol",
        "in a circle of waits",
        kernel="""
            b_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=1)
        """,
        compute="""
            with b_cb.wait() as other:  # here
                with a_cb.wait() as block, out_cb.reserve() as r:
                    r.store(block + other)
                for i in range(2):
                    with a_cb.wait() as block:
                        pass
        """,
        read="""
            for i in range(3):
                with a_cb.reserve() as block:  # other
                    ttl.copy(a[i, 0], block)
            with b_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
        """,
    ),
    wrong(
        "cores that wait for each other",
        "in a circle of waits",
        kernel="s, t = ttl.Semaphore(), ttl.Semaphore()",
        read="""
            if x == 0 and y == 0:
                s.wait_eq(1)  # here
                t.get_remote((1, 0)).set(1)
            if x == 1 and y == 0:
                t.wait_eq(1)  # other
                s.get_remote((0, 0)).set(1)
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
        """,
    ),
    wrong(
        "ifs of different conditions",
        "this block is held on one side of the 'if' only",
        compute="""
            if x == 0:  # other
                block = a_cb.wait()  # here
            with out_cb.reserve() as r:
                r.store(ttl.math.fill(1.0))
            if y == 0:
                a_cb.pop()
        """,
    ),
    wrong(
        "a block of the turn before",
        "a block is used after its release",
        read="""
            first = a_cb.reserve()  # other
            ttl.copy(a[0, 0], first)
            for i in range(3):
                ttl.copy(a[i, 0], first)  # here
                a_cb.push()
                second = a_cb.reserve()
                ttl.copy(a[i, 0], second)
            a_cb.push()
        """,
    ),
    wrong(
        "too many buffers",
        "this kernel makes 35 circular buffers; wormhole_b0 has 32 a core",
        kernel="more = [ttl.make_circular_buffer_like(a, shape=(1, 1)) for _ in range(33)]  # here",
        read="""
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
            for cb in more:
                with cb.reserve() as block:
                    ttl.copy(a[0, 0], block)
        """,
        write="""
            with out_cb.wait() as block:
                ttl.copy(block, out[0, 0])
            for cb in more:
                with cb.wait() as block:
                    pass
        """,
    ),
]

RIGHT: dict[str, dict[str, str]] = {
    "a release on both sides of an if": {
        "compute": """
            for i in range(4):
                block = a_cb.wait()
                if i % 2 == 0:
                    with out_cb.reserve() as r:
                        r.store(block)
                    a_cb.pop()
                else:
                    with out_cb.reserve() as r:
                        r.store(block + block)
                    a_cb.pop()
        """,
        "read": """
            for i in range(4):
                with a_cb.reserve() as block:
                    ttl.copy(a[i, 0], block)
        """,
        "write": """
            for i in range(4):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, 0])
        """,
    },
    "continue and break after the release": {
        "compute": """
            for i in range(8):
                with a_cb.wait() as block, out_cb.reserve() as r:
                    r.store(block)
                if i == 3:
                    break
                if i == 1:
                    continue
        """,
        "read": """
            for i in range(4):
                with a_cb.reserve() as block:
                    ttl.copy(a[i, 0], block)
        """,
        "write": """
            for i in range(4):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, 0])
        """,
    },
    "break out of a with": {
        "compute": """
            for i in range(8):
                with a_cb.wait() as block, out_cb.reserve() as r:
                    r.store(block)
                    if i == 3:
                        break
        """,
        "read": """
            for i in range(4):
                with a_cb.reserve() as block:
                    ttl.copy(a[i, 0], block)
        """,
        "write": """
            for i in range(4):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, 0])
        """,
    },
    "an early return of cores without work": {
        "compute": """
            if x > 0:
                return
            with a_cb.wait() as block, out_cb.reserve() as r:
                r.store(block)
        """,
        "read": """
            if x > 0:
                return
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
        """,
        "write": """
            if x > 0:
                return
            with out_cb.wait() as block:
                ttl.copy(block, out[0, 0])
        """,
    },
    "a return inside of a with": {
        "compute": """
            for i in range(2):
                with a_cb.wait() as block, out_cb.reserve() as r:
                    r.store(block)
                    if i == 1:
                        return
        """,
        "read": """
            for i in range(2):
                with a_cb.reserve() as block:
                    ttl.copy(a[i, 0], block)
        """,
        "write": """
            for i in range(2):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, 0])
        """,
    },
    "a block held over a loop": {
        "kernel": "b_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=1)",
        "compute": """
            with b_cb.wait() as factor:
                for i in range(4):
                    with a_cb.wait() as block, out_cb.reserve() as r:
                        r.store(block * factor)
        """,
        "read": """
            with b_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
            for i in range(4):
                with a_cb.reserve() as block:
                    ttl.copy(a[i, 0], block)
        """,
        "write": """
            for i in range(4):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, 0])
        """,
    },
    "a buffer that one thread fills and empties": {
        "kernel": "t_cb = ttl.make_circular_buffer_like(a, shape=(1, 1), buffer_factor=1)",
        "compute": """
            for i in range(3):
                with a_cb.wait() as block, t_cb.reserve() as t:
                    t.store(block + block)
                with t_cb.wait() as t, out_cb.reserve() as r:
                    r.store(t * t)
        """,
        "read": """
            for i in range(3):
                with a_cb.reserve() as block:
                    ttl.copy(a[i, 0], block)
        """,
        "write": """
            for i in range(3):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, 0])
        """,
    },
    "loops of different shapes that agree": {
        "compute": """
            for i in range(3):
                for j in range(4):
                    with a_cb.wait() as block, out_cb.reserve() as r:
                        r.store(block)
        """,
        "read": """
            for i in range(12):
                with a_cb.reserve() as block:
                    ttl.copy(a[i // 4, i % 4], block)
        """,
        "write": """
            i = 0
            while i < 12:
                with out_cb.wait() as block:
                    ttl.copy(block, out[i // 4, i % 4])
                i += 1
        """,
    },
    "bounds that depend on the core": {
        "compute": """
            for i in range(x, 4, 2):
                with a_cb.wait() as block, out_cb.reserve() as r:
                    r.store(block)
        """,
        "read": """
            for i in range(x, 4, 2):
                with a_cb.reserve() as block:
                    ttl.copy(a[i, y], block)
        """,
        "write": """
            for i in range(x, 4, 2):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, y])
        """,
    },
    "a slice that is guarded": {
        "compute": """
            for i in range(3):
                if 2 * i + x < 4:
                    with a_cb.wait() as block, out_cb.reserve() as r:
                        r.store(block)
        """,
        "read": """
            for i in range(3):
                if 2 * i + x < 4:
                    with a_cb.reserve() as block:
                        ttl.copy(a[2 * i + x, y], block)
        """,
        "write": """
            for i in range(3):
                row = 2 * i + x
                if row < 4:
                    with out_cb.wait() as block:
                        ttl.copy(block, out[row, y])
        """,
    },
    "a guard of the core around a loop": {
        "compute": """
            if x + 2 * y < 3:
                with a_cb.wait() as block, out_cb.reserve() as r:
                    r.store(block)
        """,
        "read": """
            core = x + 2 * y
            if core < 3:
                with a_cb.reserve() as block:
                    ttl.copy(a[core + 1, 0], block)
        """,
        "write": """
            if x + 2 * y < 3:
                with out_cb.wait() as block:
                    ttl.copy(block, out[x + 2 * y, 0])
        """,
    },
    "data that decides": {
        "kernel": "n_cb = ttl.CircularBuffer((1, 1), dtype=ttl.int32)",
        "compute": """
            with a_cb.wait() as block, out_cb.reserve() as r:
                r.store(block)
        """,
        "read": """
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block).wait()
                n = block[0, 0]
                if n > 1.0:
                    ttl.copy(a[1, 1], block)
        """,
        "write": """
            with n_cb.reserve() as n:
                n[0, 0] = 3
            with n_cb.wait() as n, out_cb.wait() as block:
                ttl.copy(block, out[0, 0])
        """,
    },
    "a ring": {
        "kernel": """
            net = ttl.PipeNet([ttl.Pipe(src=(i, 0), dst=((i + 1) % 2, 0)) for i in range(2)])
            b_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))
        """,
        "compute": """
            with a_cb.wait() as block, out_cb.reserve() as r:
                r.store(block)
        """,
        "read": """
            with b_cb.reserve() as mine:
                ttl.copy(a[x, y], mine)
            with b_cb.wait() as mine, a_cb.reserve() as block:
                if y == 1:
                    ttl.copy(a[0, 0], block)
                net.if_src(lambda pipe: ttl.copy(mine, pipe).wait())
                net.if_dst(lambda pipe: ttl.copy(pipe, block).wait())
        """,
    },
    "a semaphore between threads of a core": {
        "kernel": "s = ttl.Semaphore()",
        "read": """
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
            s.set(1)
        """,
        "write": """
            s.wait_eq(1)
            with out_cb.wait() as block:
                ttl.copy(block, out[0, 0])
        """,
    },
    "a barrier of all cores": {
        "kernel": "s, go = ttl.Semaphore(), ttl.Semaphore()",
        "read": """
            s.get_remote((0, 0)).inc()
            if x == 0 and y == 0:
                s.wait_ge(4)
                go.get_remote_multicast().set(1)
            go.wait_eq(1)
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
        """,
    },
    "a semaphore that counts down": {
        "kernel": "s = ttl.Semaphore(initial=2)",
        "read": """
            s.wait_eq(2)
            s.set(1)
            s.wait_eq(1)
            s.set(0)
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
        """,
    },
    "a semaphore wait that never runs": {
        "kernel": "s = ttl.Semaphore()",
        "read": """
            if x > 7:
                s.wait_ge(1)
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block)
        """,
        "write": """
            if x > 7:
                s.set(1)
            with out_cb.wait() as block:
                ttl.copy(block, out[0, 0])
        """,
    },
    "release in another order": {
        "kernel": "b_cb = ttl.make_circular_buffer_like(a, shape=(1, 1))",
        "compute": """
            p = a_cb.wait()
            q = b_cb.wait()
            with out_cb.reserve() as r:
                r.store(p + q)
            p.pop()
            q.pop()
        """,
        "read": """
            p, q = b_cb.reserve(), a_cb.reserve()
            ttl.copy(a[0, 0], p)
            ttl.copy(a[1, 0], q)
            q.push()
            p.push()
        """,
    },
    "a wait inside a helper": {
        "globals": """
            def take(cb, other):
                with cb.wait() as block, other.reserve() as r:
                    r.store(block)
        """,
        "compute": "take(a_cb, out_cb)",
    },
    "ifs of the same condition": {
        "compute": """
            for i in range(2):
                if x == 0:
                    block = a_cb.wait()
                with out_cb.reserve() as r:
                    r.store(ttl.math.fill(1.0))
                if x != 0:
                    pass
                else:
                    a_cb.pop()
        """,
        "read": """
            for i in range(2):
                if x == 0:
                    with a_cb.reserve() as block:
                        ttl.copy(a[0, 0], block)
        """,
        "write": """
            for i in range(2):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, 0])
        """,
    },
    "a block that is taken for the next turn": {
        "compute": """
            block = a_cb.wait()
            for i in range(3):
                with out_cb.reserve() as r:
                    r.store(block)
                a_cb.pop()
                block = a_cb.wait()
            with out_cb.reserve() as r:
                r.store(block)
            a_cb.pop()
        """,
        "read": """
            for i in range(4):
                with a_cb.reserve() as block:
                    ttl.copy(a[i, 0], block)
        """,
        "write": """
            for i in range(4):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, 0])
        """,
    },
    "a signal for every turn": {
        "kernel": "s, t = ttl.Semaphore(), ttl.Semaphore()",
        "compute": """
            for i in range(3):
                with a_cb.wait() as block, out_cb.reserve() as r:
                    r.store(block)
        """,
        "read": """
            for i in range(3):
                s.wait_eq(1)
                s.set(0)
                with a_cb.reserve() as block:
                    ttl.copy(a[0, 0], block)
                t.set(1)
        """,
        "write": """
            s.set(1)
            for i in range(3):
                t.wait_eq(1)
                t.set(0)
                with out_cb.wait() as block:
                    ttl.copy(block, out[0, 0])
                if i < 2:
                    s.set(1)
        """,
    },
    "a multicast in every turn": {
        "kernel": """
            net = ttl.PipeNet([ttl.Pipe(src=(0, row), dst=(slice(0, 2), row)) for row in range(2)])
        """,
        "compute": """
            for i in range(3):
                with a_cb.wait() as block, out_cb.reserve() as r:
                    r.store(block)
        """,
        "read": """
            for i in range(3):
                with a_cb.reserve() as block:
                    def send(pipe):
                        ttl.copy(a[i, 0], block).wait()
                        ttl.copy(block, pipe)
                    net.if_src(send)
                    net.if_dst(lambda pipe: ttl.copy(pipe, block))
        """,
        "write": """
            for i in range(3):
                with out_cb.wait() as block:
                    ttl.copy(block, out[i, 0])
        """,
    },
    "a while loop over data": {
        "read": """
            n = 0
            with a_cb.reserve() as block:
                ttl.copy(a[0, 0], block).wait()
                while block[n, 0] > 0.5:
                    n += 1
                    if n == 4:
                        break
        """,
    },
}
