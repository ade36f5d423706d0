// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "machine.h"

namespace ttsim {

namespace {

bool earlier(const Event* a, uint64_t sequence_a, const Event* b, uint64_t sequence_b) {
    return a->time != b->time ? a->time < b->time : sequence_a < sequence_b;
}

void heap_swap(EventQueue& q, size_t i, size_t j) {
    Event* event = q.heap[i];
    q.heap[i] = q.heap[j];
    q.heap[j] = event;
    const uint64_t sequence = q.heap_sequence[i];
    q.heap_sequence[i] = q.heap_sequence[j];
    q.heap_sequence[j] = sequence;
}

bool heap_before(const EventQueue& q, size_t i, size_t j) {
    return earlier(q.heap[i], q.heap_sequence[i], q.heap[j], q.heap_sequence[j]);
}

void heap_push(EventQueue& q, Event* event) {
    if (q.heap_size == q.heap_capacity) {
        q.heap_capacity = q.heap_capacity ? 2 * q.heap_capacity : 1024;
        q.heap = static_cast<Event**>(realloc(q.heap, q.heap_capacity * sizeof(Event*)));
        q.heap_sequence = static_cast<uint64_t*>(realloc(q.heap_sequence, q.heap_capacity * sizeof(uint64_t)));
    }
    size_t i = q.heap_size++;
    q.heap[i] = event;
    q.heap_sequence[i] = q.sequence++;
    for (; i > 0 && heap_before(q, i, (i - 1) / 2); i = (i - 1) / 2) heap_swap(q, i, (i - 1) / 2);
}

Event* heap_pop(EventQueue& q) {
    Event* top = q.heap[0];
    heap_swap(q, 0, --q.heap_size);
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < q.heap_size && heap_before(q, child, least)) least = child;
        if (least == i) return top;
        heap_swap(q, i, least);
        i = least;
    }
}

void ring_push(EventQueue& q, Event* event) {
    const uint32_t slot = event->time % EventQueue::RING;
    EventQueue::Bucket& bucket = q.bucket[slot];
    event->next = nullptr;
    q.in_ring++;
    if (bucket.head) {
        bucket.tail = bucket.tail->next = event;
        return;
    }
    bucket.head = bucket.tail = event;
    q.occupied[slot / 64] |= uint64_t(1) << (slot % 64);
    q.summary[slot / 4096] |= uint64_t(1) << (slot / 64 % 64);
}

void refill(EventQueue& q) {
    while (q.heap_size && q.heap[0]->time < q.base + EventQueue::RING) ring_push(q, heap_pop(q));
}

/// First occupied slot at or after `from`, going round; the ring is not empty.
uint32_t next_occupied(const EventQueue& q, uint32_t from) {
    constexpr uint32_t GROUPS = EventQueue::RING / 4096;
    const uint32_t word = from / 64;
    if (const uint64_t here = q.occupied[word] >> (from % 64)) return from + uint32_t(__builtin_ctzll(here));
    uint32_t group = word / 64;
    uint64_t words = q.summary[group] & ~uint64_t(1) << (word % 64);
    while (words == 0) words = q.summary[group = (group + 1) % GROUPS];
    const uint32_t found = group * 64 + uint32_t(__builtin_ctzll(words));
    return found * 64 + uint32_t(__builtin_ctzll(q.occupied[found]));
}

}  // namespace

void EventQueue::clear() {
    memset(bucket, 0, sizeof bucket);
    memset(occupied, 0, sizeof occupied);
    memset(summary, 0, sizeof summary);
    base = 0;
    in_ring = heap_size = 0;
    sequence = 0;
}

void EventQueue::push(Event* event) {
    if (event->time < base) event->time = base;
    if (event->time < base + RING)
        ring_push(*this, event);
    else
        heap_push(*this, event);
}

Event* EventQueue::pop() {
    if (in_ring == 0) {
        if (heap_size == 0) return nullptr;
        base = heap[0]->time;
        refill(*this);
    }
    const uint32_t slot = next_occupied(*this, uint32_t(base % RING));
    Event* const event = bucket[slot].head;
    Event* following = event->next;
    bucket[slot].head = following;
    in_ring--;
    if (!following) {
        const uint64_t rest = occupied[slot / 64] &= ~(uint64_t(1) << (slot % 64));
        if (!rest)
            summary[slot / 4096] &= ~(uint64_t(1) << (slot / 64 % 64));
        else if (const uint64_t later = rest >> (slot % 64))
            following = bucket[slot + uint32_t(__builtin_ctzll(later))].head;
    }
    // What the next event needs is fetched while this one happens.
    __builtin_prefetch(following, 1, 3);
    if (event->time != base) {
        base = event->time;
        if (heap_size) refill(*this);
    }
    return event;
}

}  // namespace ttsim
