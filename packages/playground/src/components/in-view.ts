// SPDX-License-Identifier: BSD-2-Clause
import { useEffect, useRef } from 'preact/hooks'

/** Scrolls the nearest scrolling box, not the page, so that the element is seen whenever `active` becomes true. */
export function useInView<T extends HTMLElement>(active: boolean) {
  const ref = useRef<T>(null)
  useEffect(() => {
    const element = ref.current
    const box = element?.closest<HTMLElement>('.scroll')
    if (!active || !element || !box) return
    const outer = box.getBoundingClientRect()
    const inner = element.getBoundingClientRect()
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
      box.scrollTop += inner.top - outer.top - outer.height / 3
    }
  }, [active])
  return ref
}
