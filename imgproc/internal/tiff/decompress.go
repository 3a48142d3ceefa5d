package tiff

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"

	"github.com/siam-go/siam/imgproc/internal/jpeg"
	"github.com/siam-go/siam/imgproc/internal/unread"
)

// values decodes block number i into samples [blockH, blockW, samples] of 8 bits; rows that lie below the picture may be missing
// and are 0.
func (p *picture) values(data []byte, samples, i int) ([]uint8, error) {
	out := make([]uint8, p.blockH*p.blockW*samples)
	if p.compression == newJPEG {
		return out, p.readJPEG(out, data, samples, p.rows(i))
	}
	horizontal, vertical := 1, 1
	if s := p.numbers(subsampling); p.meaning == yCbCr && !p.separate {
		horizontal, vertical = 2, 2
		if len(s) == 2 {
			horizontal, vertical = int(s[0]), int(s[1])
		}
	}
	rows := p.rows(i)
	if p.tags[tileWidth].raw != nil {
		rows = p.blockH
	}
	if horizontal*vertical != 1 {
		if horizontal < 1 || horizontal > 4 || vertical < 1 || vertical > 4 {
			return nil, errors.New("a component of impossible sampling")
		}
		units := subsampled{horizontal, vertical, (p.blockW + horizontal - 1) / horizontal}
		raw, err := p.decompress(data, (rows+vertical-1)/vertical*units.row(), rows)
		if err != nil {
			return nil, err
		}
		units.spread(out, raw, p.blockW, rows)
		return out, nil
	}
	stride := (p.blockW*samples*p.bits + 7) / 8
	raw, err := p.decompress(data, rows*stride, rows)
	if err != nil {
		return nil, err
	}
	for y := range rows {
		row := raw[y*stride:][:stride]
		if err := p.undoPredictor(row, samples); err != nil {
			return nil, err
		}
		p.unpack(out[y*p.blockW*samples:][:p.blockW*samples], row)
	}
	return out, nil
}

// decompress gives size bytes of a block of so many rows.
func (p *picture) decompress(data []byte, size, rows int) ([]byte, error) {
	var r io.Reader = bytes.NewReader(data)
	switch p.compression {
	case uncompressed:
		if len(data) < size {
			return nil, errCut
		}
		return bytes.Clone(data[:size]), nil
	case packBits:
		return unpackBits(data, size)
	case lzwCodes:
		if len(data) > 1 && data[0] == 0 && data[1]&1 == 1 {
			return nil, unread.Kind("LZW of the kind before TIFF 5.0")
		}
		r = lzw.NewReader(r, lzw.MSB, 8)
	case deflate, deflateToo:
		z, err := zlib.NewReader(r)
		if err != nil {
			return nil, err
		}
		r = z
	case ccittGroup3, ccittGroup4:
		if p.bits != 1 {
			return nil, errors.New("CCITT of more than one bit a sample")
		}
		if p.compression == ccittGroup3 {
			return group3(data, p.blockW, rows)
		}
		r = ccitt.NewReader(r, ccitt.MSB, ccitt.Group4, p.blockW, rows, &ccitt.Options{Invert: true}) // white runs are 0
	}
	raw := make([]byte, size)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, err
	}
	return raw, nil
}

// group3 unpacks rows that each follow an end of line: eleven zeros, more where they fill a byte, and a one (T.4, section 4.1). Each is
// given to the decoder alone, which takes no more than eleven.
func group3(data []byte, width, rows int) ([]byte, error) {
	stride := (width + 7) / 8
	out := make([]byte, 0, rows*stride)
	var line []byte // with an end of line before it, after the first one
	zeros, bits := 0, 0
	for i := 0; i <= 8*len(data) && len(out) < rows*stride; i++ {
		ended := i == 8*len(data)
		if !ended && data[i/8]>>(7-i%8)&1 == 0 {
			zeros++
			bits++
			continue
		}
		if (ended || zeros >= 11) && line != nil {
			row := make([]byte, stride)
			r := ccitt.NewReader(bytes.NewReader(append(line, 0, 0)), ccitt.MSB, ccitt.Group3, width, 1, &ccitt.Options{Invert: true}) // white runs are 0
			if _, err := io.ReadFull(r, row); err != nil {
				return nil, err
			}
			out = append(out, row...)
		}
		if zeros >= 11 {
			line, bits = []byte{0x00, 0x10}, 12
		} else if line != nil {
			line = append(line, make([]byte, max(bits/8+1-len(line), 0))...)
			line[bits/8] |= 1 << (7 - bits%8)
			bits++
		}
		zeros = 0
	}
	if len(out) < rows*stride {
		return nil, errCut
	}
	return out, nil
}

// unpackBits undoes Apple's run lengths (TIFF 6.0, section 9).
func unpackBits(data []byte, size int) ([]byte, error) {
	out := make([]byte, 0, size)
	for len(out) < size {
		if len(data) < 2 {
			return nil, errCut
		}
		n := int(int8(data[0]))
		switch {
		case n == -128:
			data = data[1:]
		case n < 0:
			out = append(out, bytes.Repeat(data[1:2], 1-n)...)
			data = data[2:]
		default:
			if len(data) < n+2 {
				return nil, errCut
			}
			out = append(out, data[1:n+2]...)
			data = data[n+2:]
		}
	}
	return out[:size], nil
}

// reversed turns the bits of each byte round.
func reversed(data []byte) []byte {
	out := make([]byte, len(data))
	for i, v := range data {
		out[i] = bits.Reverse8(v)
	}
	return out
}

// undoPredictor adds up differences to the sample before (section 14).
func (p *picture) undoPredictor(row []byte, samples int) error {
	switch kind := p.first(predictor, 1); {
	case kind == 1:
	case kind != 2 || p.bits != 8 && p.bits != 16:
		return unread.Kindf("predictor %d of %d bits a sample", kind, p.bits)
	case p.compression != lzwCodes && p.compression != deflate && p.compression != deflateToo:
	case p.bits == 8:
		for i := samples; i < len(row); i++ {
			row[i] += row[i-samples]
		}
	default:
		for i := 2 * samples; i+1 < len(row); i += 2 {
			p.order.PutUint16(row[i:], p.order.Uint16(row[i:])+p.order.Uint16(row[i-2*samples:]))
		}
	}
	return nil
}

// unpack makes samples of 8 bits of a row of bits: the upper 8 of more, and fewer stretched to 255 unless they are indices.
func (p *picture) unpack(out, row []byte) {
	switch {
	case p.bits == 8:
		copy(out, row)
		return
	case p.bits == 16:
		for i := range out {
			out[i] = byte(p.order.Uint16(row[2*i:]) >> 8)
		}
		return
	}
	most := 1<<p.bits - 1
	hold, n := 0, 0
	for i := range out {
		for n < p.bits {
			hold, n = hold<<8|int(row[0]), n+8
			row = row[1:]
		}
		n -= p.bits
		v := hold >> n & most
		hold &= 1<<n - 1
		if p.meaning != paletted {
			v = v * 255 / most
		}
		out[i] = byte(v)
	}
}

// subsampled is how YCbCr is stored uncompressed (section 21): units of h·v luma samples, one Cb and one Cr.
type subsampled struct{ h, v, across int }

// row is how many bytes a row of units has.
func (s subsampled) row() int { return s.across * (s.h*s.v + 2) }

func (s subsampled) spread(out, raw []uint8, w, rows int) {
	for y := range rows {
		for x := range w {
			unit := raw[y/s.v*s.row()+x/s.h*(s.h*s.v+2):]
			to := out[(y*w+x)*3:]
			to[0], to[1], to[2] = unit[y%s.v*s.h+x%s.h], unit[s.h*s.v], unit[s.h*s.v+1]
		}
	}
}

// readJPEG decodes a block that is a JPEG, whose tables may stand in the directory. Its samples are as they are stored: what they
// mean, the directory says.
func (p *picture) readJPEG(out, data []byte, samples, rows int) error {
	tables := p.tags[jpegTables].raw
	if err := p.checkJPEG(tables, data, p.blockW, rows, samples); err != nil {
		return err
	}
	m, err := jpeg.Decode(tables, data)
	if err != nil {
		return err
	}
	for y := range min(m.H, p.blockH) {
		copy(out[y*p.blockW*samples:], m.Pix[y*m.W*samples:][:min(m.W, p.blockW)*samples])
	}
	return nil
}

// checkJPEG compares a JPEG's header with the w×h pixels that the directory speaks of, before anything is decoded.
func (p *picture) checkJPEG(tables, data []byte, w, h, samples int) error {
	head, err := jpeg.ReadHeader(data)
	if err != nil {
		return err
	}
	if head.W < w || head.H < h || head.W > w+64 || head.H > max(h, p.blockH)+64 || len(head.IDs) != samples {
		return fmt.Errorf("its JPEG is %d×%d pixels of %d samples, its directory says %d×%d of %d", head.W, head.H, len(head.IDs), w, h, samples)
	}
	return nil
}
