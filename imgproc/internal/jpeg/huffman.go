package jpeg

import (
	"encoding/binary"
	"errors"
)

// huffman gives for the next 16 bits the value in its upper and the length of its code in its lower byte; 0 for no code. Most codes
// are short: those are found by the first bits in a table that stays in the cache, and where the number behind an AC code is within
// them too, whole has both at once. Where nobody wants the numbers, skips has as many as there are.
type huffman struct {
	short [1 << shortBits]uint16
	whole [1 << shortBits]coefficient
	skips [1 << skipBits]skip
	all   [1 << 16]uint16
}

// How many bits the tables that stay in the cache tell apart.
const (
	shortBits = 10
	skipBits  = 12
)

// coefficient is an AC coefficient behind so many zeros, or the end of the block, in so many bits of the file; 0 bits for none.
type coefficient struct {
	value       int16
	zeros, bits uint8
}

// endOfBlock stands for as many zeros as no block has room for.
const endOfBlock = 64

// skip is some AC coefficients and the zeros before them, so many places of a block in so many bits of the file; 0 bits for none. The
// block may end behind them.
type skip struct {
	places, bits uint8
	ends         bool
}

// readHuffman reads Huffman tables (B.2.4.2).
func (d *decoder) readHuffman(body []byte) error {
	for len(body) > 0 {
		if len(body) < 17 || body[0]>>4 > 1 || body[0]&15 > 3 {
			return errors.New("a Huffman table of the wrong size")
		}
		count := 0
		for _, n := range body[1:17] {
			count += int(n)
		}
		if len(body) < 17+count {
			return errors.New("a Huffman table of the wrong size")
		}
		table, ok := newHuffman(body[1:17], body[17:17+count])
		if !ok {
			return errors.New("a Huffman table with too many codes")
		}
		d.huffman[body[0]>>4][body[0]&15] = table
		body = body[17+count:]
	}
	return nil
}

// newHuffman numbers the codes of each length in turn (C.2). It is not ok when there are more codes than bits allow.
func newHuffman(counts, values []uint8) (*huffman, bool) {
	table := new(huffman)
	at := 0
	for i, n := range counts {
		length := i + 1
		each := 1 << (16 - length)
		for range n {
			if at+each > len(table.all) {
				return nil, false
			}
			for k := range each {
				table.all[at+k] = uint16(values[0])<<8 | uint16(length)
			}
			at += each
			values = values[1:]
		}
	}
	for i := range table.short {
		if entry := table.all[i<<(16-shortBits)]; entry&255 <= shortBits {
			table.short[i] = entry
			table.whole[i] = wholeCoefficient(i, uint8(entry>>8), int(entry&255))
		}
	}
	for i := range table.skips {
		table.skips[i] = table.skipped(i)
	}
	return table, true
}

// skipped reads the coefficients that are whole within the first bits of a block's data.
func (t *huffman) skipped(first int) (s skip) {
	for !s.ends {
		c := t.whole[first<<s.bits&(1<<skipBits-1)>>(skipBits-shortBits)]
		if c.bits == 0 || s.bits+c.bits > skipBits {
			break
		}
		s.bits += c.bits
		if s.ends = c.zeros == endOfBlock; !s.ends {
			s.places += c.zeros + 1
		}
	}
	return s
}

// wholeCoefficient reads from the first bits of a block's data the number behind an AC code, if all of it is there.
func wholeCoefficient(first int, rs uint8, length int) coefficient {
	size := rs & 15
	used := length + int(size)
	if rs == 0 {
		return coefficient{zeros: endOfBlock, bits: uint8(length)}
	}
	if size == 0 || used > shortBits {
		return coefficient{}
	}
	behind := bits{hold: uint64(first), n: shortBits - length}
	return coefficient{int16(behind.signed(size)), rs >> 4, uint8(used)}
}

// bits reads the entropy-coded data of a scan up to the next marker.
type bits struct {
	data []byte
	at   int
	hold uint64 // the n bits that come next, in its low end
	n    int
	over int // bits that had to be made up since the data ended
}

// need makes at least 32 bits ready, enough for a code and the number behind it. Beyond the data they are zero, and counted.
func (b *bits) need() {
	if b.n < 32 {
		b.hold, b.n = b.refill(b.hold, b.n)
	}
}

// refill is need for fewer than 32 bits that are kept in a loop's own variables.
func (b *bits) refill(hold uint64, n int) (uint64, int) {
	if b.at+4 <= len(b.data) {
		if v := binary.BigEndian.Uint32(b.data[b.at:]); !holdsMarker(v) {
			b.at += 4
			return hold<<32 | uint64(v), n + 32
		}
	}
	b.hold, b.n = hold, n
	b.needSlowly()
	return b.hold, b.n
}

// holdsMarker says whether one of four bytes is 0xff: whether ^v has a byte that is zero.
func holdsMarker(v uint32) bool { return (^v-0x01010101)&v&0x80808080 != 0 }

func (b *bits) needSlowly() {
	for b.n < 32 {
		v := uint64(0)
		switch {
		case b.at < len(b.data) && b.data[b.at] != 0xff:
			v = uint64(b.data[b.at])
			b.at++
		case b.at+1 < len(b.data) && b.data[b.at+1] == 0:
			v = 0xff
			b.at += 2
		default:
			b.over += 8
		}
		b.hold = b.hold<<8 | v
		b.n += 8
	}
}

// cut says whether bits were used that the data does not have.
func (b *bits) cut() bool { return b.over > b.n }

func (b *bits) take(n int) int {
	b.need()
	return b.ready(n)
}

// ready takes n of the bits that need made ready.
func (b *bits) ready(n int) int {
	b.n -= n
	return int(b.hold>>b.n) & (1<<n - 1)
}

// code reads one Huffman code, and leaves 16 bits ready.
func (b *bits) code(table *huffman) (uint8, error) {
	b.need()
	next := uint16(b.hold >> (b.n - 16))
	entry := table.short[next>>(16-shortBits)]
	if entry == 0 {
		if entry = table.all[next]; entry == 0 {
			if b.over > 0 {
				return 0, errCut
			}
			return 0, errors.New("a code that no table has")
		}
	}
	b.n -= int(entry & 255)
	return uint8(entry >> 8), nil
}

// signed reads a number of n bits, at most 16, as T.81 stores it behind its code: one whose first bit is 0 is negative (F.2.2.1).
func (b *bits) signed(n uint8) int {
	if n == 0 {
		return 0
	}
	v := b.ready(int(n))
	if v < 1<<(n-1) {
		v -= 1<<n - 1
	}
	return v
}

// restart goes on behind the next restart marker. It is false when another marker, or none, comes first.
func (b *bits) restart() bool {
	b.hold, b.n, b.over = 0, 0, 0
	for ; b.at+1 < len(b.data); b.at++ {
		if b.data[b.at] != 0xff || b.data[b.at+1] == 0 || b.data[b.at+1] == 0xff {
			continue
		}
		if m := b.data[b.at+1]; m < firstRestart || m > lastRestart {
			return false
		}
		b.at += 2
		return true
	}
	return false
}
