(module
  (type 0 (func (param i64 i64 i64 i64 i64) (result i64)))
  (type 1 (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (import "k" "memory" (memory 1))
  (import "f" "0" (func $f0 (type 0)))
  (import "f" "1" (func $f1 (type 0)))
  (export "0" (func $sub0))
  (func $sub0 (type 1)
    (local i64 i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    ;; 0
    i64.const 0
    i64.const 0
    i64.const 0
    i64.const 0
    i64.const 0
    call $f0
    local.set 6
    ;; 1
    local.get 6
    local.set 7
    ;; 2
    i64.const 0
    i64.const 0
    i64.const 0
    i64.const 0
    i64.const 0
    call $f1
    local.set 6
    ;; 3
    local.get 6
    local.get 7
    i64.add
    local.set 6
    ;; 4
    local.get 6
    return
    unreachable
  )
)
