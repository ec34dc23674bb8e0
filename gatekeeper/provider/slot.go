package provider

import (
	"strconv"
	"strings"
	"time"
)

// Slot is the length of a time slot. A key for validation ends in a blank and
// the number of its slot, floor(now / 10 s): the host writes it, so that what
// Gatekeeper keeps by key is asked for anew in the next slot.
const Slot = 10 * time.Second

// slack is how far a slot may lie from this clock. A key of another time would
// be kept by Gatekeeper and asked for again for as long as its TTL: it is
// refused, and the reason names the clocks.
const slack = time.Minute

// unslotted takes the slot off a key.
func unslotted(key string) (request string, slot int64, ok bool) {
	i := strings.LastIndexByte(key, ' ')
	if i < 0 {
		return "", 0, false
	}
	slot, err := strconv.ParseInt(key[i+1:], 10, 64)
	if err != nil || strconv.FormatInt(slot, 10) != key[i+1:] {
		return "", 0, false
	}
	return key[:i], slot, true
}

// away is how far the slot lies from now.
func away(slot int64, now time.Time) time.Duration {
	at := now.Unix() / int64(Slot/time.Second)
	return time.Duration(min(max(at-slot, slot-at), 1<<20)) * Slot
}
