package imgproc

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"
)

// rgbAt is a picture of 24×16 pixels by a formula.
type rgbAt func(x, y int) (r, g, b int)

func gradient(x, y int) (r, g, b int) { return x * 255 / 23, y * 255 / 15, 255 - (x+y)*255/38 }
func greys(x, y int) (r, g, b int)    { v := x*7 + y*6; return v, v, v }
func bars(x, _ int) (r, g, b int)     { k := x / 2; return k * 17, 255 - k*17, k % 4 * 85 }

// greysOf are all greys of a few bits.
func greysOf(bits int) rgbAt {
	return func(x, y int) (int, int, int) {
		v := (x + y) % (1 << bits) * (255 / (1<<bits - 1))
		return v, v, v
	}
}

// whiteCorner is white at the top left and black elsewhere.
func whiteCorner(x, y int) (r, g, b int) {
	if x < 9 && y < 12 {
		return 255, 255, 255
	}
	return 0, 0, 0
}

func negative(at rgbAt) rgbAt {
	return func(x, y int) (int, int, int) { r, g, b := at(x, y); return 255 - r, 255 - g, 255 - b }
}

// whiteWhere covers a part of a picture with paper.
func whiteWhere(at rgbAt, covered func(x, y int) bool) rgbAt {
	return func(x, y int) (int, int, int) {
		if covered(x, y) {
			return 255, 255, 255
		}
		return at(x, y)
	}
}

func (at rgbAt) image() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 24, 16))
	for i := range 24 * 16 {
		r, g, b := at(i%24, i/24)
		m.SetNRGBA(i%24, i/24, color.NRGBA{uint8(r), uint8(g), uint8(b), 255})
	}
	return m
}

// furthest is the largest difference of any sample from the formula.
func furthest(m Image, at rgbAt) int {
	worst := 0
	for i := range m.H * m.W {
		r, g, b := at(i%m.W, i/m.W)
		p := m.RGB().Pix[3*i:]
		for c, want := range []int{r, g, b} {
			worst = max(worst, int(p[c])-want, want-int(p[c]))
		}
	}
	return worst
}

// TestDecodeReadsKinds: what other programs write is read as they show it. Tolerances are for lossy files; chroma that is stored at
// half the size, and few bits, need more.
func TestDecodeReadsKinds(t *testing.T) {
	transparent := func(x, y int) bool { return y < 8 }
	for name, c := range map[string]struct {
		want      rgbAt
		tolerance int
	}{
		"rgb_jpeg.tif": {gradient, 3}, "cmyk.tif": {gradient, 1}, "cmyk16.tif": {gradient, 1}, "cmyk_jpeg.tif": {gradient, 5},
		"ycc_jpeg.tif": {gradient, 20}, "tiled_jpeg.tif": {gradient, 45}, "planar.tif": {gradient, 0}, "big.tif": {gradient, 0},
		"big_endian.tif": {gradient, 0}, "orientation6.tif": {gradient, 0}, "grey_alpha.tif": {whiteWhere(greys, transparent), 0},
		"grey_white.tif": {negative(greys), 0}, "grey16_white.tif": {negative(greys), 0}, "grey4.tif": {greysOf(4), 0}, "grey2.tif": {greysOf(2), 0},
		"palette4.tif": {bars, 0}, "bw_g4_mb.tif": {whiteCorner, 0}, "bw_g4_mw.tif": {negative(whiteCorner), 0},
		"bw_g4_lsb.tif": {whiteCorner, 0}, "bw_group3.tif": {whiteCorner, 0}, "bw_group3_fill.tif": {whiteCorner, 0},
		"lossy.webp": {gradient, 20}, "exif6.webp": {gradient, 0}, "animated.webp": {gradient, 20},
		"lossy_alpha.webp":   {whiteWhere(gradient, func(x, _ int) bool { return x < 12 }), 20},
		"animated_part.webp": {whiteWhere(gradient, func(x, y int) bool { return x < 6 || x >= 18 || y < 4 || y >= 12 }), 0},
		"exif6_fill.jpg":     {gradient, 5}, "cmyk_adobe.jpg": {gradient, 5}, "cmyk_plain.jpg": {gradient, 5}, "ycck_adobe.jpg": {gradient, 6},
		"sampled_3x1.jpg": {gradient, 12}, "sampled_luma_less.jpg": {gradient, 16}, "sampled_mixed.jpg": {gradient, 20},
		"sampled_progressive.jpg": {gradient, 12}, "sampled_restart.jpg": {gradient, 20},
		"no_end.jpg": {gradient, 5}, "no_end_progressive.jpg": {gradient, 5},
	} {
		m, err := ReadFile(filepath.Join("testdata", "kinds", name))
		if err != nil {
			t.Errorf("%v", err)
		} else if m.H != 16 || m.W != 24 {
			t.Errorf("%s: %d×%d pixels, want 24×16", name, m.W, m.H)
		} else if off := furthest(m, c.want); off > c.tolerance {
			t.Errorf("%s: a sample is off by %d, want at most %d", name, off, c.tolerance)
		}
	}
}

// withPixels alters the packed pixels of a PNG.
func withPixels(data []byte, alter func([]byte) []byte) []byte {
	altered := bytes.Clone(data[:pngSignature])
	for _, c := range pngChunks(data) {
		body := bytes.Clone(c.body)
		if c.kind == "IDAT" {
			body = alter(body)
		}
		altered = appendPNGChunk(altered, c.kind, body)
	}
	return altered
}

func TestLossyWebPHasTheLevelsThatLibwebpGives(t *testing.T) {
	got, err := ReadFile("testdata/kinds/lossy.webp")
	if err != nil {
		t.Fatal(err)
	}
	want, err := ReadFile("testdata/kinds/lossy.webp.png")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Pix, want.Pix) {
		t.Errorf("lossy.webp differs from what dwebp makes of it")
	}
}

// TestDecodeReadsPNGsThatViewersRead makes them by hand, as Go's encoder makes none of them.
func TestDecodeReadsPNGsThatViewersRead(t *testing.T) {
	sound := encoded(t, png.Encode, rgbAt(gradient).image())
	turned := encoded(t, png.Encode, FromImage(rgbAt(gradient).image()).Turned(TurnLeft).GoImage())
	exif := withEXIF([]byte("\xff\xd8"), binary.BigEndian, 6)[12:] // the TIFF structure alone
	wide := image.NewNRGBA64(image.Rect(0, 0, 24, 16))
	for i := range 24 * 16 {
		r, g, b := gradient(i%24, i/24)
		wide.Set(i%24, i/24, color.NRGBA64{uint16(r)<<8 | 0x80, uint16(g)<<8 | 0x80, uint16(b)<<8 | 0x80, 0xffff})
	}
	for name, data := range map[string][]byte{
		"without an end mark":       sound[:len(sound)-12],
		"with half an end mark":     sound[:len(sound)-6],
		"a comment's bad checksum":  withChunk(sound, "tEXt", []byte("a\x00b"), false),
		"a profile's bad checksum":  withChunk(sound, "iCCP", []byte("x\x00\x00nonsense"), false),
		"an orientation":            withChunk(turned, "eXIf", exif, true),
		"an orientation with Exif.": withChunk(turned, "eXIf", append([]byte("Exif\x00\x00"), exif...), true),
		"a wrong sum of its pixels": withPixels(sound, func(z []byte) []byte { z[len(z)-1] ^= 1; return z }),
		"no sum of its pixels":      withPixels(sound, func(z []byte) []byte { return z[:len(z)-4] }),
		"more after its pixels":     withPixels(sound, func(z []byte) []byte { return append(z, "more"...) }),
		"16 bits":                   encoded(t, png.Encode, wide),
	} {
		m, err := Decode(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if m.H != 16 || m.W != 24 || furthest(m, gradient) != 0 {
			t.Errorf("%s: %d×%d pixels, a sample off by %d, want 24×16 and none", name, m.W, m.H, furthest(m, gradient))
		}
	}
}

// withChunk puts a chunk behind the header of a PNG, its checksum right or not.
func withChunk(data []byte, kind string, body []byte, right bool) []byte {
	const behindHeader = pngSignature + 25
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	chunk = append(append(chunk, kind...), body...)
	sum := crc32.ChecksumIEEE(chunk[4:])
	if !right {
		sum++
	}
	chunk = binary.BigEndian.AppendUint32(chunk, sum)
	return append(append(bytes.Clone(data[:behindHeader]), chunk...), data[behindHeader:]...)
}

func TestDecodePutsAGIFsFrameOnItsCanvas(t *testing.T) {
	palette := color.Palette{color.Transparent, color.NRGBA{200, 10, 20, 255}, color.NRGBA{0, 0, 0, 255}}
	frame := image.NewPaletted(image.Rect(5, 3, 15, 9), palette)
	for i := range frame.Pix {
		frame.Pix[i] = uint8(1 + i%10/8) // the last two columns are black
	}
	frame.Pix[0] = 0
	var buf bytes.Buffer
	all := gif.GIF{Image: []*image.Paletted{frame, frame}, Delay: []int{1, 1}, Config: image.Config{Width: 24, Height: 16, ColorModel: palette}, BackgroundIndex: 2}
	if err := gif.EncodeAll(&buf, &all); err != nil {
		t.Fatal(err)
	}
	want := rgbAt(func(x, y int) (int, int, int) {
		switch {
		case x < 5 || x >= 15 || y < 3 || y >= 9 || x == 5 && y == 3:
			return 255, 255, 255
		case x >= 13:
			return 0, 0, 0
		}
		return 200, 10, 20
	})
	for name, data := range map[string][]byte{"whole": buf.Bytes(), "without an end mark": buf.Bytes()[:buf.Len()-1]} {
		if m, err := Decode(bytes.NewReader(data)); err != nil || m.H != 16 || m.W != 24 || furthest(m, want) != 0 {
			t.Errorf("%s: %d×%d pixels, %v, want the frame at (5, 3) of 24×16 white ones", name, m.W, m.H, err)
		}
	}
}

// bitmap is a BMP with the given header behind its size, palette or masks, and pixels.
func bitmap(header, between, pixels []byte) []byte {
	start := 14 + 4 + len(header) + len(between)
	data := binary.LittleEndian.AppendUint32([]byte("BM"), uint32(start+len(pixels)))
	data = binary.LittleEndian.AppendUint32(append(data, 0, 0, 0, 0), uint32(start))
	data = binary.LittleEndian.AppendUint32(data, uint32(4+len(header)))
	return append(append(append(data, header...), between...), pixels...)
}

// info is a header of 40 bytes without its size.
func info(w, h int32, bits uint16, compression uint32) []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(w))
	b = binary.LittleEndian.AppendUint32(b, uint32(h))
	b = binary.LittleEndian.AppendUint16(b, 1)
	b = binary.LittleEndian.AppendUint16(b, bits)
	b = binary.LittleEndian.AppendUint32(b, compression)
	return append(b, make([]byte, 20)...)
}

func TestDecodeReadsBitmapsByHand(t *testing.T) {
	rgb4 := []byte{0, 0, 0, 0, 3, 2, 1, 0, 6, 5, 4, 0, 9, 8, 7, 0} // four colours, blue first
	black, a, b, c := []uint8{0, 0, 0}, []uint8{1, 2, 3}, []uint8{4, 5, 6}, []uint8{7, 8, 9}
	row := func(colours ...[]uint8) []uint8 { return bytes.Join(colours, nil) }
	masks565 := []byte{0, 0xf8, 0, 0, 0xe0, 7, 0, 0, 0x1f, 0, 0, 0}
	for name, test := range map[string]struct {
		data []byte
		want Image
	}{
		"run lengths": {bitmap(info(4, 2, 8, 1), rgb4, []byte{3, 1, 1, 2, 0, 0, 0, 3, 3, 2, 1, 0, 1, 3, 0, 1}),
			Image{2, 4, 3, append(row(c, b, a, c), row(a, a, a, b)...)}},
		"run lengths with a jump": {bitmap(info(4, 2, 8, 1), rgb4, []byte{1, 1, 0, 2, 1, 1, 2, 3, 0, 1}),
			Image{2, 4, 3, append(row(black, black, c, c), row(a, black, black, black)...)}},
		"run lengths without an end mark": {bitmap(info(2, 1, 8, 1), rgb4, []byte{2, 1}), Image{1, 2, 3, row(a, a)}},
		"run lengths of half bytes": {bitmap(info(5, 1, 4, 2), rgb4, []byte{2, 0x12, 0, 3, 0x31, 0x20, 0, 1}),
			Image{1, 5, 3, row(a, b, c, a, b)}},
		"16 bits":               {bitmap(info(2, 1, 16, 0), nil, []byte{0, 0x7c, 0x1f, 0}), Image{1, 2, 3, []uint8{255, 0, 0, 0, 0, 255}}},
		"5-6-5":                 {bitmap(info(2, 1, 16, 3), masks565, []byte{0xe0, 7, 0x10, 0x80}), Image{1, 2, 3, []uint8{0, 255, 0, 132, 0, 132}}},
		"OS/2":                  {bitmap([]byte{2, 0, 1, 0, 1, 0, 24, 0}, nil, []byte{3, 2, 1, 6, 5, 4, 0, 0}), Image{1, 2, 3, row(a, b)}},
		"top down":              {bitmap(info(1, -2, 24, 0), nil, []byte{3, 2, 1, 0, 6, 5, 4, 0}), Image{2, 1, 3, row(a, b)}},
		"no padding at the end": {bitmap(info(1, 1, 24, 0), nil, []byte{3, 2, 1}), Image{1, 1, 3, a}},
	} {
		m, err := Decode(bytes.NewReader(test.data))
		if err != nil || m.H != test.want.H || m.W != test.want.W || !bytes.Equal(m.RGB().Pix, test.want.Pix) {
			t.Errorf("%s: %+v, %v, want %+v", name, m, err, test.want)
		}
	}
	var buf bytes.Buffer
	if err := bmp.Encode(&buf, rgbAt(gradient).image()); err != nil {
		t.Fatal(err)
	}
	if m, err := Decode(&buf); err != nil || furthest(m, gradient) != 0 {
		t.Errorf("a bitmap of the other encoder: %v, or a sample is off", err)
	}
}

// TestSoundFilesAreNotCalledDamaged: a kind that is not read is named, with what to do.
func TestSoundFilesAreNotCalledDamaged(t *testing.T) {
	arithmetic, err := os.ReadFile("testdata/kinds/arithmetic.jpg")
	if err != nil {
		t.Fatal(err)
	}
	twelve, err := os.ReadFile("testdata/kinds/sampled_3x1.jpg")
	if err != nil {
		t.Fatal(err)
	}
	twelve[bytes.Index(twelve, []byte{0xff, 0xc0})+4] = 12
	zstd, err := os.ReadFile("testdata/kinds/grey4.tif")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(zstd, []byte{3, 1, 3, 0, 1, 0, 0, 0, 1, 0}) // compression, one short: none
	binary.LittleEndian.PutUint16(zstd[at+8:], 50000)
	for want, data := range map[string][]byte{
		"this kind of JPEG (arithmetic coding) is not read: convert it to an ordinary PNG or JPEG":      arithmetic,
		"this kind of JPEG (12 bits per sample) is not read: convert it to an ordinary PNG or JPEG":     twelve,
		"this kind of TIFF (Zstandard) is not read: convert it to an ordinary PNG or JPEG":              zstd,
		"this kind of BMP (a PNG inside) is not read: convert it to an ordinary PNG or JPEG":            bitmap(info(2, 1, 24, 5), nil, []byte("\x89PNG")),
		"this kind of PNG (Apple's for iPhones) is not read: convert it to an ordinary PNG or JPEG":     withoutHeader("CgBI"),
		"HEIC is not read: convert it to PNG or JPEG":                                                   []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"),
		"AVIF is not read: convert it to PNG or JPEG":                                                   []byte("\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avif"),
		"JPEG XL is not read: convert it to PNG or JPEG":                                                []byte("\xff\x0a\xfa\x7f"),
		"not an image but a web page: fetch the image itself, or save it as PNG or JPEG":                []byte("<!DOCTYPE html><html>"),
		"a camera's raw picture (RAF) is not read: convert it to PNG or JPEG":                           []byte("FUJIFILMCCD-RAW 0201"),
		"this kind of TIFF (a camera's raw picture) is not read: convert it to an ordinary PNG or JPEG": []byte("II*\x00\x10\x00\x00\x00CR\x02\x00\x00\x00\x00\x00"),
	} {
		if _, err := Decode(bytes.NewReader(data)); err == nil || err.Error() != want {
			t.Errorf("Decode = %v, want %s", err, want)
		}
	}
	for _, name := range []string{"sampled_3x1.jpg", "sampled_progressive.jpg", "cmyk_jpeg.tif", "planar.tif", "bw_g4_mb.tif", "lossy.webp"} {
		whole, err := os.ReadFile(filepath.Join("testdata", "kinds", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(bytes.NewReader(whole[:len(whole)/2])); err == nil || !strings.Contains(err.Error(), "damaged or cut short") {
			t.Errorf("half of %s: %v, want an error that says so", name, err)
		}
	}
}

// withoutHeader is a PNG whose first chunk is another one.
func withoutHeader(kind string) []byte {
	return append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x04"+kind), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}
