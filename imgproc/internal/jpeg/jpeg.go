// Package jpeg decodes the JPEG files that Go's own decoder refuses: any sampling of the components, four components without
// Adobe's marker, no end mark, and the abbreviated streams inside TIFF files. It is ITU-T T.81's Huffman-coded sequential and
// progressive mode with 8 bits a sample, and hands out the components as they are stored, for the caller to make colours of.
package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/siam-go/siam/imgproc/internal/unread"
)

// Picture is a decoded file, or a part of it: samples [h, w, components], all components brought to one size by repeating samples.
type Picture struct {
	Header // its H and W are those of Pix
	Pix    []uint8
	Corner image.Point // where the part begins in the whole picture, in pixels of Pix
}

// Header is what a file says before its pixels.
type Header struct {
	W, H  int
	IDs   []uint8 // one for each component
	JFIF  bool    // it has a JFIF segment
	Adobe int     // the colour transform in Adobe's segment: 0 none, 1 YCbCr, 2 YCCK; -1 without such a segment
}

var errCut = errors.New("the data ends too early")

// ReadHeader reads up to the frame header. It fails on a file of more scans than any encoder writes.
func ReadHeader(data []byte) (Header, error) {
	if bytes.Count(data, []byte{0xff, startOfScan}) > mostScans && scans(data) > mostScans {
		return Header{}, fmt.Errorf("more than %d scans: no encoder writes so many", mostScans)
	}
	d := newDecoder()
	err := d.segments(data, true)
	return d.header, err
}

// mostScans is more than any encoder writes. A scan of a progressive file may visit all blocks at the cost of a few bytes, so that
// without an end to them a small file would keep a processor busy for hours.
const mostScans = 500

// scans counts those of a file.
func scans(data []byte) (n int) {
	for at := 2; ; {
		marker, _, next, ok := nextSegment(data, at)
		if !ok || marker == endOfImage {
			return n
		}
		if at = next; marker == startOfScan {
			n++
		}
	}
}

// Decode decodes a file at its full size. Tables are those that an abbreviated stream takes from elsewhere, nil for none. Look at the
// size by [ReadHeader] first: beside its samples, the decoder holds a second copy of them, and of a progressive file three.
func Decode(tables, data []byte) (Picture, error) { return decode(tables, data, 1, image.Rectangle{}) }

// DecodeShrunk decodes a file at a whole part of its size, rounded up: shrink is 1, 2, 4 or 8. It leaves out the coefficients that
// only a finer picture has, as libjpeg does: a block of 8×8 samples becomes the inverse cosine transform of its lowest 8/shrink
// frequencies in each direction. Memory shrinks with the picture, but for the coefficients of a progressive file.
//
// What is decoded shows box at least, which is in pixels of the full size; an empty box wants all.
func DecodeShrunk(data []byte, shrink int, box image.Rectangle) (Picture, error) {
	return decode(nil, data, shrink, box)
}

func decode(tables, data []byte, shrink int, box image.Rectangle) (Picture, error) {
	d := newDecoder()
	d.side, d.box = 8/shrink, box
	if len(tables) > 0 {
		if err := d.segments(tables, false); err != nil {
			return Picture{}, fmt.Errorf("tables: %w", err)
		}
	}
	if err := d.segments(data, false); err != nil {
		return Picture{}, err
	}
	if d.components == nil || slices.ContainsFunc(d.components, func(c *component) bool { return !c.seen }) {
		return Picture{}, errCut
	}
	return d.render(), nil
}

// EXIF is the segment that holds a file's EXIF, from "Exif" on; nil without it.
func EXIF(data []byte) []byte {
	for at := 2; ; {
		marker, body, next, ok := nextSegment(data, at)
		switch {
		case !ok || marker == startOfScan || marker == endOfImage:
			return nil
		case marker == app1 && len(body) > 6 && string(body[:6]) == "Exif\x00\x00":
			return body
		}
		at = next
	}
}

type decoder struct {
	header       Header
	side         int // samples of a block in each direction: 8, or less in a shrunk picture
	quant        [4]*[64]uint16
	huffman      [2][4]*huffman // DC, AC
	interval     int            // MCUs between restart markers, 0 for none
	progressive  bool
	components   []*component
	maxH, maxV   int
	mcusX, mcusY int
	box          image.Rectangle // in pixels of the full size, what is wanted; all where it is empty
	wanted       image.Rectangle // the MCUs that show it
}

// component is one plane of a picture in blocks.
type component struct {
	id, h, v, quant int
	w, rows         int             // of its own samples at full size
	side            int             // samples of a block in each direction
	stride          int             // blocks in a row, whole MCUs
	wanted          image.Rectangle // the blocks that become samples
	samples         []uint8         // [wanted rows · side, wanted columns · side]
	coefficients    []int16         // [block rows, stride, 64], in zigzag order, of a progressive file
	known           []uint64        // [block rows, stride], a bit for each AC coefficient that is not zero, of a progressive file
	seen            bool            // a scan brought its DC values
	table           *[64]uint16
}

func newDecoder() *decoder { return &decoder{header: Header{Adobe: -1}, side: 8} }

// Markers of T.81, table B.1.
const (
	startOfImage, endOfImage    = 0xd8, 0xd9
	startOfScan                 = 0xda
	quantTables, huffmanTables  = 0xdb, 0xc4
	restartInterval             = 0xdd
	app0, app1, app14           = 0xe0, 0xe1, 0xee
	firstFrame, lastFrame       = 0xc0, 0xcf
	lsFrame                     = 0xf7
	firstRestart, lastRestart   = 0xd0, 0xd7
	baseline, extended, progres = 0xc0, 0xc1, 0xc2
)

// segments walks the markers up to the end mark, or to where the data ends without one.
func (d *decoder) segments(data []byte, headerOnly bool) error {
	if len(data) < 2 || data[0] != 0xff || data[1] != startOfImage {
		return errors.New("it does not begin as a JPEG")
	}
	at := 2
	for {
		marker, body, next, ok := nextSegment(data, at)
		switch {
		case !ok && (headerOnly || next < 0):
			return errCut
		case !ok || marker == endOfImage:
			return nil
		}
		at = next
		err := d.segment(marker, body)
		if marker == startOfScan && err == nil {
			var used int
			used, err = d.scan(body, data[at:])
			at += used
		}
		if err != nil || headerOnly && d.components != nil {
			return err
		}
	}
}

// nextSegment finds the next marker at or after a place, with its body and the place behind. It skips fill bytes and what does not
// belong there. It is not ok where the data ends: next is then -1 if that is in the middle of a segment.
func nextSegment(data []byte, at int) (marker uint8, body []byte, next int, ok bool) {
	for ; at+1 < len(data); at++ {
		if data[at] != 0xff || data[at+1] == 0xff || data[at+1] == 0 {
			continue
		}
		marker = data[at+1]
		at += 2
		if marker == endOfImage || marker == 1 || marker >= firstRestart && marker <= lastRestart {
			return marker, nil, at, true
		}
		if at+2 > len(data) {
			return 0, nil, -1, false
		}
		size := int(binary.BigEndian.Uint16(data[at:]))
		if size < 2 || at+size > len(data) {
			return 0, nil, -1, false
		}
		return marker, data[at+2 : at+size], at + size, true
	}
	return 0, nil, 0, false
}

func (d *decoder) segment(marker uint8, body []byte) error {
	switch {
	case marker == quantTables:
		return d.readQuant(body)
	case marker == huffmanTables:
		return d.readHuffman(body)
	case marker == restartInterval && len(body) >= 2:
		d.interval = int(binary.BigEndian.Uint16(body))
	case marker == app0 && len(body) >= 5 && string(body[:5]) == "JFIF\x00":
		d.header.JFIF = true
	case marker == app14 && len(body) >= 12 && string(body[:5]) == "Adobe":
		d.header.Adobe = int(body[11])
	case marker >= firstFrame && marker <= lastFrame && marker != 0xc8 && marker != 0xcc, marker == lsFrame:
		return d.frame(marker, body)
	}
	return nil
}

// frame reads a frame header (B.2.2) and makes room for its coefficients.
func (d *decoder) frame(marker uint8, body []byte) error {
	if kind, is := unreadFrames[marker]; is {
		return kind
	}
	if d.components != nil {
		return unread.Kind("several frames")
	}
	if len(body) < 6 || len(body) != 6+3*int(body[5]) {
		return errors.New("a frame header of the wrong size")
	}
	if body[0] != 8 {
		return unread.Kindf("%d bits per sample", body[0])
	}
	d.progressive = marker == progres
	d.header.H, d.header.W = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	if d.header.H == 0 {
		return unread.Kind("its height at the end")
	}
	if d.header.W == 0 || body[5] == 0 || body[5] > 4 {
		return fmt.Errorf("%d components of %d pixels a row", body[5], d.header.W)
	}
	for c := body[6:]; len(c) > 0; c = c[3:] {
		part := &component{id: int(c[0]), h: int(c[1] >> 4), v: int(c[1] & 15), quant: int(c[2])}
		if part.h < 1 || part.h > 4 || part.v < 1 || part.v > 4 || part.quant > 3 {
			return errors.New("a component of impossible sampling")
		}
		d.components = append(d.components, part)
		d.header.IDs = append(d.header.IDs, c[0])
		d.maxH, d.maxV = max(d.maxH, part.h), max(d.maxV, part.v)
	}
	return nil
}

// unreadFrames names the modes of T.81 that are not decoded.
var unreadFrames = map[uint8]unread.Kind{
	0xc3: "lossless coding", 0xc5: "hierarchical coding", 0xc6: "hierarchical coding", 0xc7: "hierarchical lossless coding",
	0xc9: "arithmetic coding", 0xca: "progressive arithmetic coding", 0xcb: "lossless arithmetic coding",
	0xcd: "hierarchical arithmetic coding", 0xce: "hierarchical arithmetic coding", 0xcf: "hierarchical arithmetic coding",
	lsFrame: "JPEG-LS",
}

// allocate makes room for the samples, and the coefficients of a progressive file, when the first scan begins. Every block takes a bit
// of the file at least, so that a header alone cannot ask for gigabytes.
func (d *decoder) allocate(fileBytes int) error {
	d.mcusX, d.mcusY = ceil(d.header.W, 8*d.maxH), ceil(d.header.H, 8*d.maxV)
	perMCU := 0
	for _, c := range d.components {
		perMCU += c.h * c.v
	}
	if d.mcusX*d.mcusY*perMCU > 8*fileBytes {
		return errCut
	}
	d.wanted = d.mcus()
	for _, c := range d.components {
		c.w, c.rows = ceil(d.header.W*c.h, d.maxH), ceil(d.header.H*c.v, d.maxV)
		c.stride = d.mcusX * c.h
		// A component of fewer samples keeps those that a shrunk picture has room for.
		for c.side = d.side; c.side < 8 && c.h*2*c.side <= d.maxH*d.side && c.v*2*c.side <= d.maxV*d.side; c.side *= 2 {
		}
		c.wanted = image.Rect(d.wanted.Min.X*c.h, d.wanted.Min.Y*c.v, d.wanted.Max.X*c.h, d.wanted.Max.Y*c.v)
		c.samples = make([]uint8, c.wanted.Dx()*c.wanted.Dy()*c.side*c.side)
		if d.progressive {
			blocks := c.stride * d.mcusY * c.v
			c.coefficients, c.known = make([]int16, 64*blocks), make([]uint64, blocks)
		}
	}
	return nil
}

// mcus are those that show what is wanted.
func (d *decoder) mcus() image.Rectangle {
	box := d.box.Intersect(image.Rect(0, 0, d.header.W, d.header.H))
	if box.Empty() {
		return image.Rect(0, 0, d.mcusX, d.mcusY)
	}
	w, h := 8*d.maxH, 8*d.maxV
	return image.Rect(box.Min.X/w, box.Min.Y/h, ceil(box.Max.X, w), ceil(box.Max.Y, h))
}

func ceil(a, b int) int { return (a + b - 1) / b }

// readQuant reads quantisation tables (B.2.4.1).
func (d *decoder) readQuant(body []byte) error {
	for len(body) > 0 {
		wide, to := int(body[0]>>4), body[0]&15
		size := 64 * (wide + 1)
		if wide > 1 || to > 3 || len(body) < 1+size {
			return errors.New("a quantisation table of the wrong size")
		}
		table := new([64]uint16)
		for i := range table {
			if wide == 1 {
				table[i] = binary.BigEndian.Uint16(body[1+2*i:])
			} else {
				table[i] = uint16(body[1+i])
			}
		}
		d.quant[to] = table
		body = body[1+size:]
	}
	return nil
}
