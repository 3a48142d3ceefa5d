// Package bmp decodes Windows and OS/2 bitmaps of 1 to 32 bits a pixel, run-length coded ones and those with masks among them.
package bmp

import (
	"encoding/binary"
	"errors"
	"image"
	"image/color"

	"github.com/siam-go/siam/imgproc/internal/unread"
)

var errCut = errors.New("the data ends too early")

// What the compression field of a header may say.
const (
	plain, rle8, rle4, bitFields, alphaBitFields = 0, 1, 2, 3, 6
)

// header is both headers of a file.
type header struct {
	w, h        int
	topDown     bool
	bits        int // of a pixel
	compression uint32
	masks       [4]uint32 // red, green, blue, alpha
	palette     color.Palette
	pixels      []byte // to the end of the file
}

// Size reads the width and height.
func Size(data []byte) (w, h int, err error) {
	hd, err := readHeader(data)
	return hd.w, hd.h, err
}

// Decode decodes a file: into *image.Paletted up to 8 bits a pixel, else *image.RGBA, or *image.NRGBA where it has transparency.
func Decode(data []byte) (image.Image, error) {
	h, err := readHeader(data)
	if err != nil {
		return nil, err
	}
	switch {
	case h.compression == rle8 || h.compression == rle4:
		return h.runLengths()
	case h.bits <= 8:
		return h.indices()
	}
	return h.colours()
}

const fileHeader = 14

func readHeader(data []byte) (header, error) {
	if len(data) < fileHeader+12 {
		return header{}, errCut
	}
	info := data[fileHeader:]
	size := binary.LittleEndian.Uint32(info)
	if size < 12 || uint64(size) > uint64(len(info)) {
		return header{}, errCut
	}
	var h header
	entry := 4 // bytes of a palette's entry
	if size == 12 {
		entry = 3
		h.w, h.h = int(binary.LittleEndian.Uint16(info[4:])), int(binary.LittleEndian.Uint16(info[6:]))
		h.bits = int(binary.LittleEndian.Uint16(info[10:]))
	} else if err := h.readInfo(info[:size], info[size:]); err != nil {
		return header{}, err
	}
	start := uint64(binary.LittleEndian.Uint32(data[10:]))
	if start < fileHeader+uint64(size) || start > uint64(len(data)) {
		return header{}, errors.New("its pixels begin nowhere in it")
	}
	h.pixels = data[start:]
	if err := h.check(size); err != nil || h.bits > 8 {
		return h, err
	}
	h.palette = palette(data[fileHeader+uint64(size):start], entry, 1<<h.bits)
	if len(h.palette) == 0 {
		return header{}, errors.New("it has no palette")
	}
	return h, nil
}

// readInfo reads a header of 16 bytes or more, as far as it goes; what follows it may be masks.
func (h *header) readInfo(info, behind []byte) error {
	full := make([]byte, 124)
	copy(full, info)
	if len(info) < 16 {
		return unread.Kindf("a header of %d bytes", len(info))
	}
	field := func(at int) uint32 { return binary.LittleEndian.Uint32(full[at:]) }
	h.w, h.h = int(int32(field(4))), int(int32(field(8)))
	if h.h < 0 {
		h.h, h.topDown = -h.h, true
	}
	h.bits, h.compression = int(binary.LittleEndian.Uint16(full[14:])), field(16)
	h.masks = map[int][4]uint32{16: {0x7c00, 0x3e0, 0x1f, 0}, 32: {0xff0000, 0xff00, 0xff, 0}}[h.bits]
	if len(info) > 52 && h.compression == plain && h.bits == 32 { // version 3 and later: transparency counts
		h.masks[3] = field(52)
	}
	switch {
	case len(info) == 64 && h.compression > rle4:
		return unread.Kindf("compression %d of OS/2", h.compression)
	case h.compression != bitFields && h.compression != alphaBitFields:
		return nil
	}
	masks := full[40:56]
	if len(info) == 40 {
		masks = make([]byte, 16)
		copy(masks, behind[:min(len(behind), 12+int(h.compression-bitFields)/3*4)])
	}
	for i := range h.masks {
		h.masks[i] = binary.LittleEndian.Uint32(masks[4*i:])
	}
	h.compression = plain
	return nil
}

func (h *header) check(size uint32) error {
	kinds := map[uint32]unread.Kind{4: "a JPEG inside", 5: "a PNG inside", 11: "CMYK", 12: "CMYK", 13: "CMYK"}
	switch {
	case h.w < 0 || h.h < 0:
		return errors.New("its size is negative")
	case h.bits != 1 && h.bits != 2 && h.bits != 4 && h.bits != 8 && h.bits != 16 && h.bits != 24 && h.bits != 32:
		return unread.Kindf("%d bits a pixel", h.bits)
	case kinds[h.compression] != "":
		return kinds[h.compression]
	case h.compression > rle4 || h.compression == rle8 && h.bits != 8 || h.compression == rle4 && h.bits != 4:
		return unread.Kindf("compression %d of %d bits a pixel in a header of %d bytes", h.compression, h.bits, size)
	}
	return nil
}

// palette reads at most most colours, which are stored blue first.
func palette(data []byte, entry, most int) color.Palette {
	var colours color.Palette
	for ; len(data) >= entry && len(colours) < most; data = data[entry:] {
		colours = append(colours, color.RGBA{data[2], data[1], data[0], 255})
	}
	return colours
}

// row is the place of a picture's row number i as the file counts them.
func (h *header) row(i int) int {
	if h.topDown {
		return i
	}
	return h.h - 1 - i
}

// rows calls use with the bytes of each row and its place in the picture.
func (h *header) rows(use func(y int, row []byte)) error {
	size := (h.w*h.bits + 7) / 8
	stride := (size + 3) &^ 3
	for i := range h.h {
		if len(h.pixels) < size {
			return errCut
		}
		use(h.row(i), h.pixels[:size])
		h.pixels = h.pixels[min(stride, len(h.pixels)):]
	}
	return nil
}

func (h *header) blank() *image.Paletted {
	return image.NewPaletted(image.Rect(0, 0, h.w, h.h), h.palette)
}

// known keeps an index within the palette: viewers show what lies beyond as the first colour.
func (h *header) known(index byte) byte {
	if int(index) < len(h.palette) {
		return index
	}
	return 0
}

// indices decodes 1, 2, 4 or 8 bits a pixel.
func (h *header) indices() (image.Image, error) {
	m := h.blank()
	each := 8 / h.bits
	return m, h.rows(func(y int, row []byte) {
		to := m.Pix[y*m.Stride:]
		for x := range h.w {
			to[x] = h.known(row[x/each] >> (8 - h.bits - x%each*h.bits) & (1<<h.bits - 1))
		}
	})
}

// colours decodes 16, 24 or 32 bits a pixel.
func (h *header) colours() (image.Image, error) {
	m := image.NewNRGBA(image.Rect(0, 0, h.w, h.h))
	bytes, opaque := h.bits/8, true
	err := h.rows(func(y int, row []byte) {
		for x := range h.w {
			to, from := m.Pix[y*m.Stride+4*x:], row[bytes*x:]
			to[3] = 255
			if h.bits == 24 {
				to[0], to[1], to[2] = from[2], from[1], from[0]
				continue
			}
			v := uint32(from[0]) | uint32(from[1])<<8
			if h.bits == 32 {
				v = binary.LittleEndian.Uint32(from)
			}
			for c, mask := range h.masks {
				if mask != 0 {
					to[c] = masked(v, mask)
				}
			}
			opaque = opaque && (h.masks[3] == 0 || to[3] == 0)
		}
	})
	if opaque { // an alpha channel that is 0 everywhere is not one
		return &image.RGBA{Pix: opaqued(m.Pix), Stride: m.Stride, Rect: m.Rect}, err
	}
	return m, err
}

func opaqued(pix []byte) []byte {
	for i := 3; i < len(pix); i += 4 {
		pix[i] = 255
	}
	return pix
}

// masked takes the bits of a mask out of a pixel and scales them to a byte.
func masked(v, mask uint32) byte {
	low := mask & -mask
	most := uint64(mask / low)
	return byte((uint64(v&mask/low)*255 + most/2) / most)
}
