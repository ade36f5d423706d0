// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "machine.h"

namespace ttsim {

namespace {

constexpr uint64_t FETCH_AHEAD = 6;  ///< events of an epoch's list whose memory is under way while it is spread
constexpr uint32_t CHUNK_EVENTS = sizeof(EventQueue::Chunk::event) / sizeof(Event*);

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

uint64_t epoch_of(Time time) { return time / EventQueue::EPOCH; }

/// Without a branch: with many cores nobody can guess which buckets hold something.
void push_near(EventQueue& q, Event* event) {
    EventQueue::Bucket& bucket = q.bucket[event->time % EventQueue::NEAR];
    event->next = nullptr;
    *bucket.tail = event;
    bucket.tail = &event->next;
    q.occupied[epoch_of(event->time) % 2] |= uint64_t(1) << (event->time % EventQueue::EPOCH);
}

EventQueue::Chunk* new_chunk(EventQueue& q) {
    EventQueue::Chunk* chunk = q.free_chunks;
    if (chunk)
        q.free_chunks = chunk->next;
    else
        chunk = static_cast<EventQueue::Chunk*>(malloc(sizeof(EventQueue::Chunk)));
    chunk->next = nullptr;
    chunk->count = 0;
    return chunk;
}

void push_later(EventQueue& q, Event* event) {
    const uint32_t number = epoch_of(event->time) % EventQueue::EPOCHS;
    EventQueue::Epoch& epoch = q.later[number];
    if (!epoch.head) {
        epoch.head = epoch.tail = new_chunk(q);
        q.later_occupied[number / 64] |= uint64_t(1) << (number % 64);
    } else if (epoch.tail->count == CHUNK_EVENTS) {
        epoch.tail = epoch.tail->next = new_chunk(q);
    }
    epoch.tail->event[epoch.tail->count++] = event;
}

void place(EventQueue& q, Event* event) {
    const uint64_t epoch = epoch_of(event->time);
    if (__builtin_expect(epoch < q.epoch + 2, 1)) return push_near(q, event);
    epoch < q.epoch + EventQueue::EPOCHS ? push_later(q, event) : heap_push(q, event);
}

/// The events of an epoch go to their buckets; fetched on the way, they are at hand when their time comes.
void spread(EventQueue& q, uint64_t epoch) {
    const uint32_t number = epoch % EventQueue::EPOCHS;
    EventQueue::Chunk* chunk = q.later[number].head;
    if (!chunk) return;
    q.later[number] = {};
    q.later_occupied[number / 64] &= ~(uint64_t(1) << (number % 64));
    while (chunk) {
        for (uint64_t i = 0; i < FETCH_AHEAD && i < chunk->count; i++) __builtin_prefetch(chunk->event[i], 1, 3);
        for (uint64_t i = 0; i < chunk->count; i++) {
            if (i + FETCH_AHEAD < chunk->count) __builtin_prefetch(chunk->event[i + FETCH_AHEAD], 1, 3);
            push_near(q, chunk->event[i]);
        }
        EventQueue::Chunk* const next = chunk->next;
        chunk->next = q.free_chunks;
        q.free_chunks = chunk;
        chunk = next;
    }
}

/// The first epoch after the next one that has events in its list; 0 if none has.
uint64_t next_listed(const EventQueue& q) {
    constexpr uint32_t WORDS = EventQueue::EPOCHS / 64;
    const uint64_t first = q.epoch + 2;
    uint32_t word = uint32_t(first % EventQueue::EPOCHS / 64);
    uint64_t bits = q.later_occupied[word] & ~uint64_t(0) << (first % 64);
    for (uint32_t i = 0; i < WORDS && !bits; i++) bits = q.later_occupied[word = (word + 1) % WORDS];
    if (!bits) return 0;
    const uint32_t number = word * 64 + uint32_t(__builtin_ctzll(bits));
    return first + (number - uint32_t(first % EventQueue::EPOCHS)) % EventQueue::EPOCHS;
}

/// Goes on to the next epoch that has events.
void next_epoch(EventQueue& q) {
    uint64_t epoch = q.epoch + 1;
    if (!q.occupied[epoch % 2]) {
        epoch = next_listed(q);
        if (!epoch) epoch = epoch_of(q.heap[0]->time);
    }
    q.epoch = epoch;
    spread(q, epoch);
    spread(q, epoch + 1);
    while (q.heap_size && epoch_of(q.heap[0]->time) < epoch + EventQueue::EPOCHS) place(q, heap_pop(q));
}

/// `first` where the mask is all ones, `second` where it is zero.
template <class T>
T* either(uintptr_t mask, T* first, T* second) {
    return reinterpret_cast<T*>((reinterpret_cast<uintptr_t>(first) & mask) | (reinterpret_cast<uintptr_t>(second) & ~mask));
}

}  // namespace

void EventQueue::clear() {
    for (Bucket& each : bucket) each = {nullptr, &each.head};
    for (Epoch& each : later)
        while (Chunk* chunk = each.head) {
            each.head = chunk->next;
            chunk->next = free_chunks;
            free_chunks = chunk;
        }
    memset(occupied, 0, sizeof occupied);
    memset(later_occupied, 0, sizeof later_occupied);
    base = epoch = sequence = 0;
    size = heap_size = 0;
}

void EventQueue::release() {
    clear();
    while (Chunk* chunk = free_chunks) {
        free_chunks = chunk->next;
        free(chunk);
    }
    free(heap);
    free(heap_sequence);
}

void EventQueue::push(Event* event) {
    if (event->time < base) event->time = base;
    size++;
    place(*this, event);
}

Event* EventQueue::pop() {
    if (size == 0) return nullptr;
    size--;
    while (!occupied[epoch % 2]) next_epoch(*this);
    uint64_t& here = occupied[epoch % 2];
    const uint32_t cycle = uint32_t(__builtin_ctzll(here));
    Bucket& first = bucket[epoch % 2 * EPOCH + cycle];
    Event* const event = first.head;
    Event* const following = event->next;
    const uintptr_t more = -uintptr_t(following != nullptr);  // all ones if there are; nobody can guess, so there is no branch
    first.head = following;
    first.tail = either(more, first.tail, &first.head);
    here &= ~(~more & uint64_t(1) << cycle);
    // The next event is fetched while this one happens.
    Event* const elsewhere = bucket[epoch % 2 * EPOCH + uint32_t(__builtin_ctzll(here | uint64_t(1) << 63))].head;
    __builtin_prefetch(either(more, following, elsewhere), 1, 3);
    base = event->time;
    return event;
}

}  // namespace ttsim
