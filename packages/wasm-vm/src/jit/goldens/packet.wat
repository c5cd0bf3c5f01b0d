(module
  (type 0 (func (param i64 i64 i64 i64 i64) (result i64)))
  (type 1 (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (import "k" "memory" (memory 1))
  (import "f" "0" (func $f0 (type 0)))
  (export "0" (func $sub0))
  (func $sub0 (type 1)
    (local i64 i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    local.get 0
    i32.wrap_i64
    local.set 11
    ;; 0
    local.get 11
    local.set 16
    ;; 1
    local.get 16
    i64.extend_i32_u
    i32.const 12
    i64.extend_i32_s
    i64.const 2
    i64.const 0
    i64.const 0
    call $f0
    local.tee 8
    i64.const 0
    i64.lt_s
    if
      i64.const 0
      return
    end
    local.get 8
    i32.wrap_i64
    local.set 10
    ;; 2
    local.get 10
    i64.extend_i32_u
    return
    unreachable
  )
)
