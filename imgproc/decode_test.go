package imgproc

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// twoByThree is grey pixels of which no two turns look alike.
var twoByThree = Image{H: 2, W: 3, C: 1, Pix: []uint8{0, 10, 20, 30, 40, 250}}

func encoded(t testing.TB, encode func(io.Writer, image.Image) error, m image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func encodeTIFF(w io.Writer, m image.Image) error { return tiff.Encode(w, m, nil) }
func encodeGIF(w io.Writer, m image.Image) error  { return gif.Encode(w, m, nil) }
func encodeJPEG(w io.Writer, m image.Image) error {
	return jpeg.Encode(w, m, &jpeg.Options{Quality: 100})
}

func TestDecodeReadsEveryFormat(t *testing.T) {
	colour := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	colour.SetNRGBA(0, 0, color.NRGBA{200, 30, 40, 255})
	colour.SetNRGBA(1, 0, color.NRGBA{0, 0, 0, 0}) // transparent: paper
	rgb := Image{H: 1, W: 2, C: 3, Pix: []uint8{200, 30, 40, 255, 255, 255}}
	webp, err := base64.StdEncoding.DecodeString("UklGRh4AAABXRUJQVlA4TBEAAAAvAkAAAAdQjyIXpf+BiOh/AAA=")
	if err != nil {
		t.Fatal(err)
	}
	grey := twoByThree.GoImage()
	wide := image.NewGray16(image.Rect(0, 0, 2, 1))
	copy(wide.Pix, []byte{0x12, 0x34, 0xff, 0xff})

	cases := map[string]struct {
		data []byte
		want Image
	}{
		"grey PNG":        {encoded(t, png.Encode, grey), twoByThree},
		"colour PNG":      {encoded(t, png.Encode, colour), rgb},
		"16-bit PNG":      {encoded(t, png.Encode, wide), Image{1, 2, 1, []uint8{0x12, 0xff}}},
		"palette PNG":     {encoded(t, png.Encode, image.NewPaletted(image.Rect(0, 0, 2, 1), color.Palette{color.Gray{9}})), Image{1, 2, 1, []uint8{9, 9}}},
		"WebP":            {webp, Image{2, 3, 3, bytes.Repeat([]byte{200, 30, 40}, 6)}},
		"BMP":             {encoded(t, bmp.Encode, grey), twoByThree},
		"TIFF":            {encoded(t, encodeTIFF, grey), twoByThree},
		"binary PGM":      {[]byte("P5 # note\n3 2\n255\n\x00\x0a\x14\x1e\x28\xfa"), twoByThree},
		"plain PGM":       {[]byte("P2\n3 2\n# note\n255\n0 10 20\n30 40 250"), twoByThree},
		"plain PPM":       {[]byte("P3 1 1 5 5 0 1"), Image{1, 1, 3, []uint8{255, 0, 51}}},
		"binary PPM":      {[]byte("P6 1 1 255\nabc"), Image{1, 1, 3, []uint8("abc")}},
		"16-bit PGM":      {[]byte("P5 2 1 65535\n\x80\x00\xff\xff"), Image{1, 2, 1, []uint8{128, 255}}},
		"PGM over maxval": {[]byte("P5 1 1 10\n\xff"), Image{1, 1, 1, []uint8{255}}},
	}
	for name, c := range cases {
		got, err := Decode(bytes.NewReader(c.data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: Decode (-want +got):\n%s", name, diff)
		}
	}
	got, err := Decode(bytes.NewReader(encoded(t, encodeGIF, grey)))
	if err != nil || got.H != 2 || got.W != 3 {
		t.Errorf("Decode(GIF) = %d×%d, %v, want 3×2", got.W, got.H, err)
	}
}

func TestReadFSErrorsNameTheFileAndWhatToDo(t *testing.T) {
	good := encoded(t, png.Encode, twoByThree.GoImage())
	cases := map[string]struct {
		data []byte
		want string
	}{
		"empty.png":  {nil, "the file is empty: fetch it again"},
		"text.png":   {[]byte("hello, this is no image"), "not an image this program reads"},
		"cut.png":    {good[:len(good)-20], "the PNG is damaged or cut short"},
		"short.pgm":  {[]byte("P5 30 20 255\nabc"), "the PGM is damaged or cut short (unexpected EOF): fetch it again"},
		"zero.pgm":   {[]byte("P5 0 20 255\n"), "PGM of 0×20 pixels is empty"},
		"huge.png":   {pngHeader(10000, 10000), "PNG of 10000×10000 pixels is larger than 64 megapixels: save it smaller"},
		"huge.pgm":   {[]byte("P5 100000 100000 255\n"), "larger than 64 megapixels"},
		"maxval.pgm": {[]byte("P5 1 1 0\n0"), "maximum value is 0"},
		"sign.pgm":   {[]byte("P5 -1 1 9\n0"), "where a number should be"},
	}
	for name, c := range cases {
		_, err := ReadFS(fstest.MapFS{name: {Data: c.data}}, name)
		if err == nil {
			t.Errorf("ReadFS(%s) succeeded, want an error", name)
			continue
		}
		text := err.Error()
		if !strings.HasPrefix(text, "read image "+name+": ") || !strings.Contains(text, c.want) || strings.Contains(text, "\n") {
			t.Errorf("ReadFS(%s) = %q, want one line with %q", name, text, c.want)
		}
	}
}

// pngHeader is a PNG that ends after it has announced its size.
func pngHeader(w, h uint32) []byte {
	data := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	data = binary.BigEndian.AppendUint32(data, w)
	data = binary.BigEndian.AppendUint32(data, h)
	data = append(data, 8, 0, 0, 0, 0)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(data[12:]))
}

func TestReadFileNamesAMissingFileOnce(t *testing.T) {
	name := filepath.Join(t.TempDir(), "none.png")
	_, err := ReadFile(name)
	if want := "read image " + name + ": no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("ReadFile = %v, want %s", err, want)
	}
	if err := os.WriteFile(name, encoded(t, png.Encode, twoByThree.GoImage()), 0o600); err != nil {
		t.Fatal(err)
	}
	if m, err := ReadFile(name); err != nil || !cmp.Equal(m, twoByThree) {
		t.Errorf("ReadFile = %v, %v, want %v", m, err, twoByThree)
	}
}

// TestDecodeSetsJPEGUpright makes the picture as each EXIF orientation stores it; read back, all look alike.
func TestDecodeSetsJPEGUpright(t *testing.T) {
	upright := Filled(16, 24, 1, 255)
	for y := range 8 {
		for x := range 8 {
			upright.Pix[y*24+x] = 0 // the top left corner is dark
		}
	}
	stored := map[uint16]Turn{1: Upright, 2: Mirror, 3: TurnHalf, 4: Mirror | TurnHalf,
		5: Mirror | TurnLeft, 6: TurnLeft, 7: Mirror | TurnRight, 8: TurnRight}
	for orientation, turn := range stored {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			data := withEXIF(encoded(t, encodeJPEG, upright.Turned(turn).GoImage()), order, orientation)
			got, err := Decode(bytes.NewReader(data))
			if err != nil || got.H != 16 || got.W != 24 {
				t.Errorf("orientation %d: %d×%d, %v, want 24×16", orientation, got.W, got.H, err)
			} else if got.Row(4)[4] > 20 || got.Row(4)[20] < 235 || got.Row(12)[4] < 235 {
				t.Errorf("orientation %d: corners %d %d %d, want dark, light, light",
					orientation, got.Row(4)[4], got.Row(4)[20], got.Row(12)[4])
			}
		}
	}
}

func TestOrientationMayBeALongNumber(t *testing.T) {
	exif := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x04\x00\x00\x00\x01\x00\x00\x00\x06\x00\x00")
	if got := exifTurn(exif); got != TurnRight {
		t.Errorf("exifTurn = %v, want %v", got, TurnRight)
	}
}

func withEXIF(jpeg []byte, order binary.AppendByteOrder, orientation uint16) []byte {
	tiff := []byte("II*\x00")
	if order.String() == "BigEndian" {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint16(tiff, 0x0112)
	tiff = order.AppendUint16(tiff, 3)
	tiff = order.AppendUint32(tiff, 1)
	tiff = order.AppendUint16(tiff, orientation)
	tiff = append(tiff, 0, 0)
	body := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{}, jpeg[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(body)+2))
	return append(append(out, body...), jpeg[2:]...)
}

func TestIsImageName(t *testing.T) {
	for name, want := range map[string]bool{"a.png": true, "a.b.JPG": true, "x/y.PgM": true, "a.txt": false, "png": false, "a.": false} {
		if got := IsImageName(name); got != want {
			t.Errorf("IsImageName(%q) = %v, want %v", name, got, want)
		}
	}
}

// FuzzDecode: whatever the bytes, Decode gives a sound image or an error.
func FuzzDecode(f *testing.F) {
	grey := twoByThree.GoImage()
	for _, encode := range []func(io.Writer, image.Image) error{png.Encode, bmp.Encode, encodeTIFF, encodeGIF, encodeJPEG} {
		f.Add(encoded(f, encode, grey))
	}
	f.Add(withEXIF(encoded(f, encodeJPEG, grey), binary.LittleEndian, 6))
	files, err := filepath.Glob("testdata/kinds/*")
	if err != nil || len(files) == 0 {
		f.Fatalf("no pictures to begin with: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(bitmap(info(4, 2, 8, 1), make([]byte, 16), []byte{3, 1, 1, 2, 0, 0, 0, 3, 3, 2, 1, 0, 1, 3, 0, 1}))
	f.Add(bitmap(info(5, 1, 4, 2), make([]byte, 16), []byte{2, 0x12, 0, 3, 0x31, 0x20, 0, 1}))
	f.Add(pngHeader(10000, 10000))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPVP8L"))
	f.Fuzz(func(t *testing.T, data []byte) { checkDecode(t, data) })
}

// FuzzPNM is FuzzDecode for the reader that is ours.
func FuzzPNM(f *testing.F) {
	for _, seed := range []string{"P5 3 2 255\nabcdef", "P2 1 2 9 #x\n1 2", "P6 1 1 65535 abcdef", "P3 1 1 7 1 2 3", "P5 99999 9 255\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1 && data[0] == 'P' {
			checkDecode(t, data)
		}
	})
}

func checkDecode(t *testing.T, data []byte) {
	m, err := Decode(bytes.NewReader(data))
	if err == nil {
		err = m.Check()
		if err != nil {
			t.Errorf("Decode gave an unsound image: %v", err)
		}
		return
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("Decode error has more than one line: %q", err)
	}
}
