// Package tiff decodes the first picture of a TIFF file (Adobe's TIFF 6.0 and its technical notes, and BigTIFF): bilevel, grey,
// palette, RGB, CMYK and YCbCr of 1 to 16 bits a sample, in strips or tiles, in one plane or several, uncompressed or compressed by
// LZW, Deflate, PackBits, CCITT Group 3 and 4, or JPEG.
package tiff

import (
	"encoding/binary"
	"errors"
	"image"
	"math"

	"github.com/siam-go/siam/imgproc/internal/unread"
)

var errCut = errors.New("the data ends too early")

// Tags of TIFF 6.0 that say something here.
const (
	subfileType     = 254
	imageWidth      = 256
	imageLength     = 257
	bitsPerSample   = 258
	compression     = 259
	photometric     = 262
	fillOrder       = 266
	stripOffsets    = 273
	orientation     = 274
	samplesPerPixel = 277
	rowsPerStrip    = 278
	stripByteCounts = 279
	planar          = 284
	t4Options       = 292
	predictor       = 317
	colorMap        = 320
	tileWidth       = 322
	tileLength      = 323
	tileOffsets     = 324
	tileByteCounts  = 325
	subIFDs         = 330
	extraSamples    = 338
	sampleFormat    = 339
	jpegTables      = 347
	jpegInterchange = 513
	jpegLength      = 514
	subsampling     = 530
	cfaPattern      = 33422
	dngVersion      = 50706
)

// file is the first directory of a file.
type file struct {
	data  []byte
	order binary.ByteOrder
	big   bool // BigTIFF: counts and offsets of 8 bytes
	tags  map[uint16]entry
}

// entry is the numbers of one tag, as bytes.
type entry struct {
	kind uint16
	raw  []byte
}

// sizes of the types of numbers, in bytes; the others are no whole numbers.
var sizes = map[uint16]int{1: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8}

// open reads the first directory.
func open(data []byte) (*file, error) {
	f := &file{data: data, order: binary.LittleEndian, tags: map[uint16]entry{}}
	if len(data) < 16 {
		return nil, errCut
	}
	if data[0] == 'M' {
		f.order = binary.BigEndian
	}
	if string(data[8:10]) == "CR" {
		return nil, unread.Kind("a camera's raw picture")
	}
	at, width := uint64(f.order.Uint32(data[4:])), 12
	if f.big = f.order.Uint16(data[2:]) == 43; f.big {
		at, width = f.order.Uint64(data[8:]), 20
	}
	head := f.countSize()
	if at > uint64(len(data)) || uint64(len(data))-at < uint64(head) {
		return nil, errCut
	}
	directory := data[at:]
	n := f.count(directory)
	if n > uint64(len(directory)-head)/uint64(width) {
		return nil, errCut
	}
	for i := range int(n) {
		f.add(directory[head+i*width:][:width])
	}
	return f, nil
}

// countSize is how many bytes tell the number of entries.
func (f *file) countSize() int {
	if f.big {
		return 8
	}
	return 2
}

func (f *file) count(b []byte) uint64 {
	if f.big {
		return f.order.Uint64(b)
	}
	return uint64(f.order.Uint16(b))
}

// add keeps one entry of the directory, unless its numbers are not whole ones or lie outside the file.
func (f *file) add(e []byte) {
	tag, kind := f.order.Uint16(e), f.order.Uint16(e[2:])
	n, value := uint64(f.order.Uint32(e[4:])), e[8:]
	if f.big {
		n, value = f.order.Uint64(e[4:]), e[12:]
	}
	size := sizes[kind]
	if size == 0 || n == 0 || n > uint64(len(f.data)) {
		return
	}
	total := n * uint64(size)
	if total > uint64(len(value)) {
		at := uint64(f.order.Uint32(value))
		if f.big {
			at = f.order.Uint64(value)
		}
		if at > uint64(len(f.data)) || uint64(len(f.data))-at < total {
			return
		}
		value = f.data[at:]
	}
	f.tags[tag] = entry{kind, value[:total]}
}

// numbers are all numbers of a tag, nil without it.
func (f *file) numbers(tag uint16) []uint64 {
	e := f.tags[tag]
	size := sizes[e.kind]
	if size == 0 {
		return nil
	}
	all := make([]uint64, len(e.raw)/size)
	for i := range all {
		all[i] = f.number(e.raw[i*size:], size)
	}
	return all
}

func (f *file) number(b []byte, size int) uint64 {
	switch size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(f.order.Uint16(b))
	case 4:
		return uint64(f.order.Uint32(b))
	}
	return f.order.Uint64(b)
}

// first is the first number of a tag, or another where it is missing. It is at most 2³¹-1.
func (f *file) first(tag uint16, otherwise int) int {
	e := f.tags[tag]
	size := sizes[e.kind]
	if size == 0 || len(e.raw) < size {
		return otherwise
	}
	return int(min(f.number(e.raw, size), math.MaxInt32))
}

// Size reads the width and height.
func Size(data []byte) (w, h int, err error) {
	f, err := open(data)
	if err != nil {
		return 0, 0, err
	}
	return f.first(imageWidth, 0), f.first(imageLength, 0), nil
}

// Decode decodes the first picture, as it is stored: orientation is the tag that says how it is to be laid down, 1 to 8.
func Decode(data []byte) (m image.Image, turn uint16, err error) {
	f, err := open(data)
	if err != nil {
		return nil, 0, err
	}
	p, err := f.picture()
	if err != nil {
		return nil, 0, err
	}
	if err := p.read(); err != nil {
		return nil, 0, err
	}
	m, err = p.colours()
	return m, uint16(f.first(orientation, 1)), err
}
