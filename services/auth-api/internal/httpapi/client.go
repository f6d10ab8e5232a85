package httpapi

import "reflect"

var problemGoType = reflect.TypeFor[Problem]()
