package jpeg

import (
	"errors"
	"fmt"
	"image"
	mathbits "math/bits"
)

// scan is one pass over the blocks of some components.
type scan struct {
	bits
	parts         []part
	first, last   int // of the coefficients in it, in zigzag order
	high, low     int // successive approximation: bits that earlier scans brought, and bits still to come
	progressive   bool
	blocksWithout int // blocks of the band that are all zero from here on ("EOBRUN")
}

// part is a component's share of a scan.
type part struct {
	*component
	dc, ac *huffman
	before int // the last DC value
}

// scan decodes the entropy-coded data that follows a scan header (B.2.3), and says how much of it there was.
func (d *decoder) scan(header, data []byte) (used int, err error) {
	s, err := d.newScan(header, data)
	if err != nil {
		return 0, err
	}
	columns, rows, wanted := d.mcusX, d.mcusY, d.wanted
	if len(s.parts) == 1 { // not interleaved: its own blocks only
		c := s.parts[0].component
		columns, rows, wanted = ceil(c.w, 8), ceil(c.rows, 8), c.wanted
	}
	if !d.progressive { // no later scan needs what comes below
		rows = min(rows, wanted.Max.Y)
	}
	for mcu := range columns * rows {
		if d.interval > 0 && mcu > 0 && mcu%d.interval == 0 {
			if !s.restart() {
				return 0, errCut
			}
			s.blocksWithout = 0
			for i := range s.parts {
				s.parts[i].before = 0
			}
		}
		if err := s.mcu(mcu%columns, mcu/columns); err != nil {
			return 0, fmt.Errorf("block %d of %d: %w", mcu, columns*rows, err)
		}
		if s.cut() {
			return 0, errCut
		}
	}
	for _, p := range s.parts {
		p.seen = p.seen || s.first == 0
	}
	return s.at, nil
}

func (d *decoder) newScan(header, data []byte) (*scan, error) {
	if d.components == nil {
		return nil, errors.New("a scan before its frame")
	}
	if len(header) < 1 || len(header) != 4+2*int(header[0]) || header[0] < 1 || header[0] > 4 {
		return nil, errors.New("a scan header of the wrong size")
	}
	if d.mcusX == 0 {
		if err := d.allocate(len(data)); err != nil {
			return nil, err
		}
	}
	s := &scan{bits: bits{data: data}, last: 63, progressive: d.progressive}
	if tail := header[len(header)-3:]; d.progressive {
		s.first, s.last, s.high, s.low = int(tail[0]), int(tail[1]), int(tail[2]>>4), int(tail[2]&15)
	}
	if s.first > s.last || s.last > 63 || s.low > 13 || s.first > 0 && header[0] != 1 || d.progressive && s.first == 0 && s.last != 0 {
		return nil, errors.New("a scan of impossible coefficients")
	}
	for i := range int(header[0]) {
		p, err := d.part(header[1+2*i], header[2+2*i], s)
		if err != nil {
			return nil, err
		}
		s.parts = append(s.parts, p)
	}
	return s, nil
}

// part finds the component of an id and the tables that a scan reads it by.
func (d *decoder) part(id, tables uint8, s *scan) (part, error) {
	for _, c := range d.components {
		if c.id != int(id) {
			continue
		}
		if c.table == nil { // of the first scan: later ones may redefine a table for others
			c.table = d.quant[c.quant]
		}
		p := part{component: c, dc: d.huffman[0][tables>>4&3], ac: d.huffman[1][tables&3]}
		needsDC, needsAC := s.first == 0 && s.high == 0, s.last > 0
		if c.table == nil || needsDC && p.dc == nil || needsAC && p.ac == nil {
			return part{}, errors.New("a table is missing")
		}
		return p, nil
	}
	return part{}, fmt.Errorf("a scan of component %d, which the frame does not have", id)
}

// mcu decodes the blocks of one minimum coded unit: one block where a scan has one component, else as many of each as its sampling
// says.
func (s *scan) mcu(x, y int) error {
	if len(s.parts) == 1 {
		return s.block(&s.parts[0], x, y)
	}
	for i := range s.parts {
		p := &s.parts[i]
		for k := range p.h * p.v {
			if err := s.block(p, x*p.h+k%p.h, y*p.v+k/p.h); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *scan) block(p *part, x, y int) error {
	if !s.progressive {
		var block [64]int16
		at := image.Pt(x, y)
		last, err := s.sequential(p, &block, p.used(at))
		if err == nil {
			p.render(&block, last, at)
		}
		return err
	}
	at := y*p.stride + x
	block, known := (*[64]int16)(p.coefficients[64*at:]), &p.known[at]
	switch {
	case s.first == 0 && s.high == 0:
		return s.dc(p, block)
	case s.first == 0:
		block[0] |= int16(s.take(1) << s.low)
		return nil
	case s.high == 0:
		return s.ac(p, block, known)
	}
	return s.refine(p, block, known)
}

// dc decodes the difference to the DC value of the block before (F.2.2.1, G.1.2.1).
func (s *scan) dc(p *part, block *[64]int16) error {
	n, err := s.code(p.dc)
	if err != nil {
		return err
	}
	if n > 15 {
		return errors.New("a DC value of too many bits")
	}
	p.before += s.signed(n)
	block[0] = int16(p.before << s.low)
	return nil
}

// sequential decodes the coefficients of a block (F.2.2) up to the one at place used and skips the others. It returns the place of
// the last that it decoded and that is not zero. It takes most of the time of a large photograph, so the bits are kept out of memory
// in its loop.
func (s *scan) sequential(p *part, block *[64]int16, used int) (last int, err error) {
	if err := s.dc(p, block); err != nil {
		return 0, err
	}
	hold, n := s.hold, s.n
	for k := 1; k < 64; {
		if n < 32 {
			hold, n = s.refill(hold, n)
		}
		if k > used {
			if skip := p.ac.skips[hold>>(n-skipBits)&(1<<skipBits-1)]; skip.bits > 0 && k+int(skip.places) < 64 {
				n -= int(skip.bits)
				k += int(skip.places)
				if skip.ends {
					break
				}
				continue
			}
		}
		if c := p.ac.whole[hold>>(n-shortBits)&(1<<shortBits-1)]; c.bits > 0 && k+int(c.zeros) < 64 {
			n -= int(c.bits)
			k += int(c.zeros)
			block[k], last = c.value, k
			k++
			continue
		} else if c.zeros == endOfBlock {
			n -= int(c.bits)
			break
		}
		s.hold, s.n = hold, n
		rs, err := s.code(p.ac)
		if err != nil {
			return 0, err
		}
		zeros, size := int(rs>>4), rs&15
		switch k += zeros; {
		case size == 0 && zeros != 15:
			return last, nil
		case size == 0:
		case k > 63:
			return 0, errors.New("too many coefficients in a block")
		default:
			block[k], last = int16(s.signed(size)), k
		}
		k++
		hold, n = s.hold, s.n
	}
	s.hold, s.n = hold, n
	return last, nil
}

// ac decodes the first bits of a band of coefficients (G.1.2.2).
func (s *scan) ac(p *part, block *[64]int16, known *uint64) error {
	if s.blocksWithout > 0 {
		s.blocksWithout--
		return nil
	}
	for k := s.first; k <= s.last; k++ {
		rs, err := s.code(p.ac)
		if err != nil {
			return err
		}
		zeros, size := int(rs>>4), rs&15
		if size == 0 {
			if zeros != 15 {
				s.blocksWithout = s.run(zeros) - 1
				return nil
			}
			k += 15
			continue
		}
		if k += zeros; k > s.last {
			return errors.New("too many coefficients in a block")
		}
		block[k] = int16(s.signed(size) << s.low)
		*known |= 1 << k
	}
	return nil
}

// run reads how many blocks have no more coefficients in the band.
func (s *scan) run(size int) int { return 1<<size + s.take(size) }

// refine decodes one more bit of a band of coefficients (G.1.2.3).
func (s *scan) refine(p *part, block *[64]int16, known *uint64) error {
	k := s.first
	for s.blocksWithout == 0 && k <= s.last {
		rs, err := s.code(p.ac)
		if err != nil {
			return err
		}
		zeros, size := int(rs>>4), rs&15
		value := int16(0)
		switch {
		case size > 1:
			return errors.New("a refinement of more than one bit")
		case size == 1 && s.take(1) == 1:
			value = 1 << s.low
		case size == 1:
			value = -1 << s.low
		case zeros != 15:
			s.blocksWithout = s.run(zeros)
			continue
		}
		k = s.refineUntil(block, *known, k, zeros)
		if value != 0 {
			if k > s.last {
				return errors.New("too many coefficients in a block")
			}
			block[k] = value
			*known |= 1 << k
		}
		k++
	}
	if s.blocksWithout > 0 {
		s.refineUntil(block, *known, k, 64)
		s.blocksWithout--
	}
	return nil
}

// refineUntil gives coefficients that are known not to be zero their next bit, past as many that are zero; it returns the place of
// the zero behind them.
func (s *scan) refineUntil(block *[64]int16, known uint64, k, zeros int) int {
	for step := int16(1) << s.low; k <= s.last; k++ {
		gap := mathbits.TrailingZeros64(known >> k)
		if gap > zeros || k+gap > s.last {
			return min(k+zeros, s.last+1)
		}
		zeros -= gap
		k += gap
		switch {
		case s.take(1) == 0:
		case block[k] > 0:
			block[k] += step
		default:
			block[k] -= step
		}
	}
	return k
}
