package tiff

import (
	"errors"
	"fmt"
	"slices"

	"github.com/siam-go/siam/imgproc/internal/jpeg"
	"github.com/siam-go/siam/imgproc/internal/unread"
)

// What the photometric tag says samples mean.
const (
	whiteIsZero, blackIsZero, rgb, paletted, cmyk, yCbCr = 0, 1, 2, 3, 5, 6
)

// What the compression tag says.
const (
	uncompressed, ccittRuns, ccittGroup3, ccittGroup4, lzwCodes, oldJPEG, newJPEG, deflate = 1, 2, 3, 4, 5, 6, 7, 8

	deflateToo, packBits = 32946, 32773
)

// picture is the samples of a file and what they mean.
type picture struct {
	*file
	w, h        int
	bits        int // of a sample
	samples     int // of a pixel
	meaning     int // photometric
	compression int
	separate    bool    // one plane after the other
	pix         []uint8 // [h, w, samples]: 0 to 255, but indices of a palette as they are
	// Strips or tiles of blockH×blockW pixels, row by row; those of one plane before those of the next.
	blockW, blockH   int
	across, down     int
	offsets, lengths []uint64
}

var photometrics = map[int]unread.Kind{
	4: "a transparency mask", 8: "CIE L*a*b*", 9: "ICC L*a*b*", 10: "ITU L*a*b*", 32803: "a camera's raw picture", 34892: "a camera's raw picture",
	32844: "LogL", 32845: "LogLuv",
}

var compressions = map[int]unread.Kind{
	ccittRuns: "CCITT run lengths", 9: "JBIG", 10: "JBIG", 34661: "JBIG", 34676: "SGI LogLuv", 34677: "SGI LogLuv", 34712: "JPEG 2000",
	33003: "JPEG 2000", 33005: "JPEG 2000", 34887: "LERC", 34892: "lossy JPEG of DNG", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP",
	50002: "JPEG XL", 52546: "JPEG XL", 32766: "NeXT run lengths", 32809: "ThunderScan",
}

// picture reads what the directory says of the picture, and checks that it makes sense.
func (f *file) picture() (*picture, error) {
	p := &picture{
		file: f, w: f.first(imageWidth, 0), h: f.first(imageLength, 0),
		bits: f.first(bitsPerSample, 1), samples: f.first(samplesPerPixel, 1), compression: f.first(compression, uncompressed),
	}
	p.meaning = f.first(photometric, p.usualMeaning())
	p.separate = f.first(planar, 1) == 2 && p.samples > 1
	if err := p.supported(); err != nil {
		return nil, err
	}
	least := map[int]int{rgb: 3, yCbCr: 3, cmyk: 4}[p.meaning]
	if p.w <= 0 || p.h <= 0 || p.samples < max(least, 1) || p.samples > 16 {
		return nil, errors.New("its directory makes no sense")
	}
	if p.w > maxSamples/p.h/p.samples {
		return nil, fmt.Errorf("%d×%d pixels of %d samples are too many", p.w, p.h, p.samples)
	}
	return p, p.blocks()
}

// usualMeaning is what samples mean where the file does not say.
func (p *picture) usualMeaning() int {
	switch {
	case p.samples >= 3:
		return rgb
	case p.compression == ccittGroup3 || p.compression == ccittGroup4:
		return whiteIsZero
	}
	return blackIsZero
}

// supported names what is not decoded.
func (p *picture) supported() error {
	raw := p.tags[dngVersion].raw != nil || p.tags[cfaPattern].raw != nil
	thumbnail := p.first(subfileType, 0)&1 == 1 && p.tags[subIFDs].raw != nil
	bits := p.numbers(bitsPerSample)
	switch {
	case raw || thumbnail:
		return unread.Kind("a camera's raw picture")
	case photometrics[p.meaning] != "":
		return photometrics[p.meaning]
	case compressions[p.compression] != "":
		return compressions[p.compression]
	case !slices.Contains([]int{uncompressed, ccittGroup3, ccittGroup4, lzwCodes, oldJPEG, newJPEG, deflate, deflateToo, packBits}, p.compression):
		return unread.Kindf("compression %d", p.compression)
	case p.meaning > yCbCr:
		return unread.Kindf("photometric interpretation %d", p.meaning)
	case p.compression == ccittGroup3 && p.first(t4Options, 0)&3 != 0:
		return unread.Kind("two-dimensional or uncompressed CCITT Group 3")
	case p.first(sampleFormat, 1) == 3:
		return unread.Kind("floating-point samples")
	case p.first(sampleFormat, 1) != 1 && p.first(sampleFormat, 1) != 4:
		return unread.Kind("signed samples")
	case p.bits < 1 || p.bits > 16 || slices.ContainsFunc(bits, func(b uint64) bool { return b != bits[0] }):
		return unread.Kindf("%v bits a sample", bits)
	case p.bits != 8 && p.meaning == yCbCr:
		return unread.Kindf("YCbCr of %d bits a sample", p.bits)
	case p.meaning == paletted && p.bits > 8:
		return unread.Kindf("a palette of %d bits", p.bits)
	}
	return nil
}

// blocks finds the strips or tiles.
func (p *picture) blocks() error {
	p.blockW, p.blockH = p.w, min(max(p.first(rowsPerStrip, p.h), 1), p.h)
	offsets, lengths := uint16(stripOffsets), uint16(stripByteCounts)
	if p.tags[tileWidth].raw != nil {
		p.blockW, p.blockH = p.first(tileWidth, 0), p.first(tileLength, 0)
		offsets, lengths = tileOffsets, tileByteCounts
		if p.tags[tileOffsets].raw == nil { // some writers use the strips' tags
			offsets, lengths = stripOffsets, stripByteCounts
		}
	}
	p.offsets, p.lengths = p.numbers(offsets), p.numbers(lengths)
	const small = 1 << 22 // pixels: tiles may be larger than the picture, but not by any amount
	if p.blockW < 1 || p.blockH < 1 || p.blockW > max(4*p.w*p.h, small)/p.blockH {
		return errors.New("its tiles are of no possible size")
	}
	p.across, p.down = (p.w+p.blockW-1)/p.blockW, (p.h+p.blockH-1)/p.blockH
	want := p.across * p.down
	if p.separate {
		want *= p.samples
	}
	if p.compression == oldJPEG {
		return nil
	}
	if len(p.offsets) < want {
		return errCut
	}
	if len(p.lengths) < want { // some writers leave them out: up to the end of the file then
		p.lengths = nil
	}
	return nil
}

// maxSamples bounds the memory of a picture: four samples for each of 64 megapixels, and some.
const maxSamples = 5 << 26

// block is the compressed bytes of strip or tile number i.
func (p *picture) block(i int) ([]byte, error) {
	at, end := p.offsets[i], uint64(len(p.data))
	if at > end {
		return nil, errCut
	}
	if p.lengths == nil {
		return p.data[at:], nil
	}
	if p.lengths[i] > end-at {
		return nil, errCut
	}
	return p.data[at : at+p.lengths[i]], nil
}

// read decodes all blocks into pix.
func (p *picture) read() error {
	p.pix = make([]uint8, p.h*p.w*p.samples)
	if p.compression == oldJPEG {
		return p.readOldJPEG()
	}
	planes, samples := 1, p.samples
	if p.separate {
		planes, samples = p.samples, 1
	}
	for i := range planes * p.across * p.down {
		data, err := p.block(i)
		if err != nil {
			return err
		}
		if p.first(fillOrder, 1) == 2 && p.compression != newJPEG {
			data = reversed(data)
		}
		values, err := p.values(data, samples, i)
		if err != nil {
			return err
		}
		p.put(values, i/(p.across*p.down), samples, i%(p.across*p.down))
	}
	return nil
}

// put lays down the samples of a block, [blockH, blockW, samples], from the given plane on.
func (p *picture) put(values []uint8, plane, samples, block int) {
	left, top := block%p.across*p.blockW, block/p.across*p.blockH
	w, h := min(p.blockW, p.w-left), min(p.blockH, p.h-top)
	for y := range h {
		to := p.pix[((top+y)*p.w+left)*p.samples+plane:]
		from := values[y*p.blockW*samples:][:w*samples]
		if samples == p.samples {
			copy(to, from)
			continue
		}
		for x, v := range from {
			to[x*p.samples] = v
		}
	}
}

// rows is how many rows of block number i lie in the picture: the last strip is as low as what is left.
func (p *picture) rows(i int) int {
	return min(p.blockH, p.h-i%(p.across*p.down)/p.across*p.blockH)
}

// readOldJPEG reads a whole JPEG, as most of the files with compression 6 hold one.
func (p *picture) readOldJPEG() error {
	at, n := p.first(jpegInterchange, 0), p.first(jpegLength, 0)
	if at == 0 || at > len(p.data) {
		return unread.Kind("JPEG of TIFF 6.0 in parts")
	}
	data := p.data[at:]
	if n > 0 && n < len(data) {
		data = data[:n]
	}
	if err := p.checkJPEG(nil, data, p.w, p.h, p.samples); err != nil {
		return err
	}
	m, err := jpeg.Decode(nil, data)
	copy(p.pix, m.Pix)
	return err
}
