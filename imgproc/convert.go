package imgproc

import (
	"context"
	"errors"
	"fmt"
	"image"
	"reflect"
)

// Convert is [FromImage] of an image that may be no good: see [CheckImage]. An image whose own methods panic gives an error too.
// It ends with ctx.
func Convert(ctx context.Context, src image.Image) (m Image, err error) {
	if err := CheckImage(src); err != nil {
		return Image{}, err
	}
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%T cannot be read: %v", src, failure)
		}
	}()
	return fromImage(ctx, src)
}

// CheckImage says what makes a Go image useless, as [Image.Check] does, without reading its pixels: it is nil, empty, or larger
// than [MaxPixels].
func CheckImage(src image.Image) (err error) {
	if src == nil {
		return errors.New("image is nil")
	}
	if v := reflect.ValueOf(src); v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Errorf("image is a nil %T", src)
	}
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("%T has no bounds: %v", src, failure)
		}
	}()
	return checkSides(src.Bounds().Dy(), src.Bounds().Dx())
}

func checkSides(h, w int) error {
	if h <= 0 || w <= 0 {
		return fmt.Errorf("image of %d×%d pixels is empty", w, h)
	}
	if w > MaxPixels/h {
		return fmt.Errorf("image of %d×%d pixels is larger than %d megapixels", w, h, MaxPixels>>20)
	}
	return nil
}
